#include "interchoice/report/markup.hpp"

#include <string>

#include "interchoice/report/html.hpp"
#include "interchoice/report/svg.hpp"
#include "interchoice/report/text_width.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace figures = interchoice::figures;

TEST_CASE("text is escaped for tags and attributes, and control characters are replaced") {
  CHECK(figures::escape_markup("a < b && \"c\" > 'd'") ==
        "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(figures::escape_markup("τ-b 0→1\n\t") == "τ-b 0→1\n\t");
  CHECK(figures::escape_markup(std::string("a\0b\x01\x7F", 5)) == "a\uFFFDb\uFFFD\uFFFD");
}

TEST_CASE("markup reads back as it was written") {
  const std::string nasty = "<b a=\"1\">&amp; '</svg>";
  figures::Markup markup;
  markup.open("g", {{"id", nasty}, {"none", ""}});
  markup.empty("line", {{"x", "1"}}).element("text", {}, nasty).open("g").text("in").text("side");
  const auto elements = XmlDocument(std::move(markup).finish());  // closes what is open
  REQUIRE(elements.size() == 4);
  CHECK(elements[0].attribute("id").value() == nasty);
  CHECK(elements[0].first_attribute() == elements[0].last_attribute());
  CHECK(elements[1].name() == std::string("line"));
  CHECK(elements[2].child_value() == nasty);
  CHECK(elements[3].child_value() == std::string("inside"));
}

TEST_CASE("a drawing is well-formed, scales, and shows its texts") {
  figures::SvgDrawing drawing(300.5, 200, "a \"description\"");
  drawing.line({0, 1}, {2, 3}, {"#000000", 1, "4 2"});
  drawing.text({5, 6}, "a < b", {.anchor = figures::Anchor::kEnd, .turn = -90});
  drawing.text({5, 6}, "");
  drawing.discs({{{1, 2}, "|op~0|&"}}, 3, "#ff0000", 0.5);
  using enum figures::MarkerShape;
  for (const auto shape : {kNone, kCircle, kSquare, kTriangle, kDiamond, kTriangleDown}) {
    drawing.marker(shape, {10, 10}, 7, "#ff0000", {"#ffffff", 1, ""});
  }
  const auto elements = XmlDocument(std::move(drawing).finish());
  CHECK(elements[0].name() == std::string("svg"));
  CHECK(elements[0].attribute("viewBox").value() == std::string("0 0 300.5 200"));
  CHECK(elements[0].attribute("xmlns").value() == std::string("http://www.w3.org/2000/svg"));
  CHECK(elements[0].attribute("aria-label").value() == std::string("a \"description\""));
  CHECK(elements[2].attribute("stroke-dasharray").value() == std::string("4 2"));
  CHECK(elements[3].child_value() == std::string("a < b"));
  CHECK(elements[3].attribute("text-anchor").value() == std::string("end"));
  CHECK(elements[3].attribute("transform").value() == std::string("rotate(-90 5 6)"));
  CHECK(elements[4].name() == std::string("g"));
  CHECK(elements[6].child_value() == std::string("|op~0|&"));
  CHECK(elements.size() == 7 + 5);
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
  const std::string html = std::move(page).finish();
  REQUIRE(html.starts_with("<!DOCTYPE html>\n"));
  CHECK(html.find("<script") == std::string::npos);

  const XmlDocument document(html);
  using Texts = std::vector<std::string>;
  CHECK(document.texts("title") == Texts{"a <title>"});
  CHECK(document.texts("h1") == Texts{"a <title>"});
  CHECK(document.texts("p") == Texts{"one", "two\nstill two", "three"});
  CHECK(document.texts("th") == Texts{"name", "x\ny", "group <1>", "row", "other"});
  CHECK(document.named("td").size() == 2);
  CHECK(document.texts("strong") == Texts{"1"});
  CHECK(document.texts("dt") == Texts{"seed"});
  CHECK(document.texts("dd") == Texts{"<1>"});
  CHECK(document.texts("a") == Texts{"a.csv"});
  CHECK(document.texts("figcaption") == Texts{"caption"});
}
