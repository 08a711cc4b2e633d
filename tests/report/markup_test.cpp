#include "interchoice/report/markup.hpp"

#include <stdexcept>
#include <string>

#include "interchoice/report/html.hpp"
#include "interchoice/report/svg.hpp"
#include "interchoice/report/text_width.hpp"
#include "support/catch.hpp"
#include "xml_reader.hpp"

namespace figures = interchoice::figures;

TEST_CASE("text is escaped for tags and attributes, and control characters are replaced") {
  CHECK(figures::escape_markup("a < b && \"c\" > 'd'") ==
        "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(figures::escape_markup("τ-b 0→1\n\t") == "τ-b 0→1\n\t");
  CHECK(figures::escape_markup(std::string("a\0b\x01\x7F", 5)) == "a\uFFFDb\uFFFD\uFFFD");
}

TEST_CASE("whatever is written as markup is read back") {
  const std::string nasty = "<b a=\"1\">&amp; '</svg>";
  figures::Markup markup;
  markup.open("g", {{"id", nasty}, {"none", ""}});
  markup.empty("line", {{"x", "1"}}).element("text", {}, nasty).open("g").text("in").text("side");
  const auto elements = XmlReader::read(std::move(markup).finish());  // closes what is open
  REQUIRE(elements.size() == 4);
  CHECK(elements[0].attributes == std::map<std::string, std::string>{{"id", nasty}});
  CHECK(elements[1].name == "line");
  CHECK(elements[2].text == nasty);
  CHECK(elements[3].text == "inside");
}

TEST_CASE("the reader that tests rely on refuses what is not well-formed") {
  for (const char* text :
       {"<a>", "<a></b>", "</a>", "<a/><b/>", "<a b=1/>", "<a b=\"1\" b=\"2\"/>", "<a>&</a>",
        "<a>&nbsp;</a>", "x<a/>", "<a b=\"<\"/>", "<a", "<a>\x01</a>", "<a b=\"1\"c=\"2\"/>"}) {
    INFO(text);
    CHECK_THROWS_AS(XmlReader::read(text), std::runtime_error);
  }
  CHECK(XmlReader::read("<a b=\"1\"><c/>x</a>").size() == 2);
}

TEST_CASE("a drawing is well-formed, scales, and shows its texts") {
  figures::SvgDrawing drawing(300.5, 200, "a \"description\"");
  drawing.line({0, 1}, {2, 3}, {"#000000", 1, "4 2"});
  drawing.text({5, 6}, "a < b", {.anchor = figures::Anchor::kEnd, .turn = -90});
  drawing.text({5, 6}, "");
  drawing.discs({{{1, 2}, "|op~0|&"}}, 3, "#ff0000", 0.5);
  using enum figures::MarkerShape;
  for (const auto shape : {kNone, kCircle, kSquare, kTriangle, kDiamond, kTriangleDown, kCross}) {
    drawing.marker(shape, {10, 10}, 7, "#ff0000", {"#ffffff", 1, ""});
  }
  const auto elements = XmlReader::read(std::move(drawing).finish());
  CHECK(elements[0].name == "svg");
  CHECK(elements[0].attributes.at("viewBox") == "0 0 300.5 200");
  CHECK(elements[0].attributes.at("xmlns") == "http://www.w3.org/2000/svg");
  CHECK(elements[0].attributes.at("aria-label") == "a \"description\"");
  CHECK(elements[2].attributes.at("stroke-dasharray") == "4 2");
  CHECK(elements[3].text == "a < b");
  CHECK(elements[3].attributes.at("text-anchor") == "end");
  CHECK(elements[3].attributes.at("transform") == "rotate(-90 5 6)");
  CHECK(elements[4].name == "g");
  CHECK(elements[6].text == "|op~0|&");
  CHECK(elements.size() == 7 + 6);
}

TEST_CASE("text that is too long for its place ends with an ellipsis between characters") {
  CHECK(figures::fitting_text("short", 12, 100) == "short");
  const std::string fitted = figures::fitting_text("ττττττττττττττττττττ", 12, 60);
  CHECK(fitted.ends_with("τ…"));
  CHECK(fitted.size() % 2 == 1);  // whole τ of two bytes each, and three for the ellipsis
  CHECK(figures::text_width(fitted, 12) <= 60);
  CHECK(figures::fitting_text("wide", 12, 0) == "…");
  CHECK(figures::text_width("", 12) == 0);
  CHECK(figures::text_width("iii", 12) < figures::text_width("mmm", 12));
  CHECK(figures::text_width("ab", 24) == Approx(2 * figures::text_width("ab", 12)));
}

TEST_CASE("a page is well-formed, and keeps paragraphs, tables and definitions apart") {
  figures::HtmlPage page("a <title>");
  page.paragraphs("one\n\ntwo\nstill two\n\n\n\nthree");
  page.paragraphs("");
  page.heading("h & h");
  page.table(
      {{"name", "x\ny"},
       {{"group <1>", {{{"row", false}, {"1", true}}}}, {"", {{{"other", false}, {"", false}}}}}});
  page.definitions({{"seed", "<1>"}});
  page.links({{"a.csv", "numbers"}});
  page.figure("<svg/>", "caption");
  std::string html = std::move(page).finish();
  REQUIRE(html.starts_with("<!DOCTYPE html>\n"));
  CHECK(html.find("<script") == std::string::npos);
  html.erase(0, std::string("<!DOCTYPE html>\n").size());

  std::map<std::string, std::vector<std::string>> texts;
  for (const auto& element : XmlReader::read(html)) texts[element.name].push_back(element.text);
  using Texts = std::vector<std::string>;
  CHECK(texts["title"] == Texts{"a <title>"});
  CHECK(texts["h1"] == Texts{"a <title>"});
  CHECK(texts["p"] == Texts{"one", "two\nstill two", "three"});
  CHECK(texts["th"] == Texts{"name", "x\ny", "group <1>", "row", "other"});
  CHECK(texts["td"].size() == 2);
  CHECK(texts["strong"] == Texts{"1"});
  CHECK(texts["dt"] == Texts{"seed"});
  CHECK(texts["dd"] == Texts{"<1>"});
  CHECK(texts["a"] == Texts{"a.csv"});
  CHECK(texts["figcaption"] == Texts{"caption"});
}
