# shellcheck shell=bash
# For scripts that want few images of a folder with train/ and val/.

# link_images FROM TO TRAIN VAL: links so many images of each class for training and validation.
link_images() {
  local from=$1 to=$2 part class count files
  for part in train val; do
    count=$([ $part = train ] && echo "$3" || echo "$4")
    for class in "$from/$part"/*/; do
      mkdir -p "$to/$part/$(basename "$class")"
      mapfile -t files < <(find "$class" -name '*.JPEG' | sort)
      ln -s "${files[@]:0:$count}" "$to/$part/$(basename "$class")/"
    done
  done
}
