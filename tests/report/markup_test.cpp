#include "interchoice/report/markup.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "interchoice/report/html.hpp"
#include "interchoice/report/static_picture.hpp"
#include "support/catch.hpp"
#include "xml_document.hpp"

namespace figures = interchoice::figures;

static const std::string kNasty = "</script><script>alert(1)</script> <!-- ]]> & \u2028 '\"";

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
  page.figure("name", {{"title", kNasty}}, "caption");
  const std::string html = std::move(page).finish(interchoice::VegaRuntime::from_network());
  REQUIRE(html.starts_with("<!DOCTYPE html>\n"));

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
  CHECK(document.named("script").size() == 5);  // the figure, three of the network, the page's own
}

TEST_CASE("no text ends a script before its end") {
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  const std::string json = figures::embedded_json({{kNasty, kNasty}, {"bytes", "\xE9"}});
  for (const char* part : {"<", ">", "&"}) CHECK(count(json, part) == 0);
  CHECK(nlohmann::json::parse(json)[kNasty] == kNasty);
  figures::HtmlPage page("none");
  page.figure("name", {{"title", kNasty}}, "caption");
  const std::string html = std::move(page).finish(
      interchoice::VegaRuntime::embedded("f('<!-- </script><b>', \"</script>\")"));
  CHECK(count(html, "<script") == 3);
  CHECK(count(html, "</script") == 3);
  CHECK(count(html, "f('<!-- <\\/script><b>', \"<\\/script>\")") == 1);
}

TEST_CASE("a page without figures needs no scripts from elsewhere") {
  const std::string html =
      figures::HtmlPage("none").finish(interchoice::VegaRuntime::from_network());
  CHECK(html.find("src=") == std::string::npos);
}

TEST_CASE("the picture without scripts has a point for each pair, within its edges") {
  const std::string svg = figures::static_scatter({1, 2, 3}, "x & y", {5, 5, 5}, kNasty);
  const XmlDocument drawn(svg);
  CHECK(drawn[0].attribute("aria-label").value() == kNasty + " against x & y");
  const auto circles = drawn.named("circle");
  REQUIRE(circles.size() == 3);
  for (const auto& circle : circles) {
    CHECK(circle.attribute("cx").as_double() > 0);
    CHECK(circle.attribute("cx").as_double() < 600);
    CHECK(circle.attribute("cy").as_double() == 180);
  }
  CHECK(drawn.texts("text")[1] == "x & y: 1 to 3");
}
