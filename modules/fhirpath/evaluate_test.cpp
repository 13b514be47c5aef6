// What the suite does not ask: FHIR's functions, hooks, limits and hostile input.
#include <gtest/gtest.h>

#include "fhirpath/fhirpath.hpp"

namespace joinedup::fhirpath {
namespace {

std::string shown(const Collection& found) {
  std::string out;
  for (const Value& value : found) out += (out.empty() ? "" : ",") + value.to_text();
  return out;
}

struct Over {
  explicit Over(std::string json) : document(std::move(*parse_document(std::move(json)))) {}
  std::string operator()(std::string_view text) {
    Expression::Options options;
    options.any_variable = true;
    auto expression = Expression::compile(text, options);
    if (!expression) return "cannot be read";
    auto found = expression->evaluate(document.root_value(), context);
    return found ? shown(*found) : found.error().code == ErrorCode::too_large ? "too large" : "fault";
  }
  Document document;
  Context context;
};

const char* const patient = R"({"resourceType":"Patient","id":"p","name":[{"given":["A","B"],"family":"C"}],"birthDate":"2000-02-29",
  "contained":[{"resourceType":"Organization","id":"o","name":"Trust"}],"managingOrganization":{"reference":"#o"},
  "generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"Organization?identifier=a|b"},{"type":"Organization","identifier":{"value":"x"}}],
  "extension":[{"url":"u","valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}]})";

TEST(Evaluate, ReferencesResolveInsideTheResource) {
  Over over(patient);
  EXPECT_EQ(over("managingOrganization.resolve().name"), "Trust");
  EXPECT_EQ(over("generalPractitioner.resolve().count()"), "0");
}

TEST(Evaluate, ReferencesResolveByTypeWhereAskedTo) {
  Over over(patient);
  over.context.unresolved = Context::Unresolved::typed;
  EXPECT_EQ(over("generalPractitioner.where(resolve() is Practitioner).reference"), "Practitioner/1");
  EXPECT_EQ(over("generalPractitioner.where(resolve() is Organization).count()"), "2");
  EXPECT_EQ(over("generalPractitioner.resolve().descendants().count()"), "0");
  EXPECT_EQ(over("generalPractitioner.resolve().distinct().count() > 0"), "true");
}

TEST(Evaluate, ReferencesResolveInsideTheBundle) {
  auto bundle = parse_document(R"({"resourceType":"Bundle","entry":[
      {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"1","gender":"female"}},
      {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Encounter","id":"2","subject":{"reference":"urn:uuid:1"}}},
      {"fullUrl":"urn:uuid:3","resource":{"resourceType":"Encounter","id":"3","subject":{"reference":"Patient/1"}}}]})");
  ASSERT_TRUE(bundle);
  auto expression = Expression::compile("Bundle.entry.resource.ofType(Encounter).subject.resolve().gender");
  Context context;
  EXPECT_EQ(shown(*expression->evaluate(bundle->root_value(), context)), "female,female");
}

TEST(Evaluate, HooksAreAsked) {
  Over over(patient);
  EXPECT_EQ(over("name.family.memberOf('http://example.org/vs')"), "fault");
  over.context.member_of = [](const Value& value, std::string_view set) { return std::optional(value.to_text() == "C" && set == "s"); };
  EXPECT_EQ(over("name.family.memberOf('s')"), "true");
  over.context.conforms_to = [](const Value&, std::string_view profile) -> std::optional<bool> {
    if (profile == "mine") return true;
    return std::nullopt;
  };
  EXPECT_EQ(over("conformsTo('mine')"), "true");
  EXPECT_EQ(over("conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')"), "true");
  std::string traced;
  over.context.trace = [&](std::string_view name, const Collection& values) { traced = std::string(name) + "=" + shown(values); };
  EXPECT_EQ(over("name.given.trace('g').count()"), "2");
  EXPECT_EQ(traced, "g=A,B");
  over.context.set_variable("mine", Collection(Value::of(std::int64_t{7})));
  EXPECT_EQ(over("%mine + 1"), "8");
  EXPECT_EQ(over("%absent"), "fault");
}

TEST(Evaluate, TheClockIsGiven) {
  Over over(patient);
  over.context.now_micros = 1709208000000000;  // 2024-02-29T12:00:00Z
  over.context.zone_minutes = 0;
  EXPECT_EQ(over("now()"), "2024-02-29T12:00:00.000Z");
  EXPECT_EQ(over("today()"), "2024-02-29");
  EXPECT_EQ(over("birthDate + 24 years <= today()"), "true");
  EXPECT_EQ(over("birthDate + 1 year"), "2001-02-28");
}

TEST(Evaluate, NumbersAreDecimalNotBinary) {
  Over over(patient);
  EXPECT_EQ(over("0.1 + 0.2 = 0.3"), "true");
  EXPECT_EQ(over("1.10 + 1"), "2.10");
  EXPECT_EQ(over("extension('u').value.value"), "1.50");
  EXPECT_EQ(over("extension('u').value = 0.0015 'g'"), "true");
  EXPECT_EQ(over("extension('u').value + 1 'g'"), "1001.50 'mg'");
  EXPECT_EQ(over("37 'Cel' = 98.6 '[degF]'"), "true");
  EXPECT_EQ(over("9223372036854775807 + 1"), "");
  EXPECT_EQ(over("2.power(62) * 4"), "");
  EXPECT_EQ(over("(-9223372036854775807 - 1) div -1"), "");
  EXPECT_EQ(over("99999999999999999999999999999999999999.0 * 10.0"), "");
}

TEST(Evaluate, TextIsCountedInCharacters) {
  Over over(patient);
  EXPECT_EQ(over("'\\u00e9t\\u00e9'.length()"), "3");
  EXPECT_EQ(over("'\\u00e9t\\u00e9'.substring(1, 1)"), "t");
  EXPECT_EQ(over("'\\u00e9t\\u00e9'.indexOf('t')"), "1");
  EXPECT_EQ(over("'a1b22'.replaceMatches('([0-9]+)', '<$1>')"), "a<1>b<22>");
}

TEST(Evaluate, SetsOfManyAreExact) {
  std::string items;
  for (int i = 0; i < 500; ++i) items += (i ? "," : "") + std::string("{\"linkId\":\"") + std::to_string(i % 100) + "\",\"type\":\"group\"}";
  Over over(R"({"resourceType":"Questionnaire","item":[)" + items + "]}");
  EXPECT_EQ(over("item.linkId.distinct().count()"), "100");
  EXPECT_EQ(over("item.distinct().count()"), "100");
  EXPECT_EQ(over("item.linkId.isDistinct()"), "false");
  EXPECT_EQ(over("(item.linkId | 'x').count()"), "101");
  EXPECT_EQ(over("item.linkId.intersect('1' | '2' | 'x').count()"), "2");
  EXPECT_EQ(over("item.linkId.exclude('1' | '2').count()"), "490");
  EXPECT_EQ(over("item.linkId.subsetOf(%context.item.linkId)"), "true");
  EXPECT_EQ(over("item.linkId.select($this.toInteger()).distinct().combine(item.linkId.select(toDecimal())).distinct().count()"), "100");
}

TEST(Evaluate, NarrativeIsChecked) {
  EXPECT_EQ(Over(R"({"resourceType":"Patient","text":{"div":"<div xmlns=\"x\"><p>a<br/></p></div>"}})")("text.div.htmlChecks()"), "true");
  for (const char* div : {"<div><script>a</script></div>", "<div><p>a</div>", "<p>a</p>", "<div onclick=\\\"a\\\">b</div>", "a",
                          "<div><a href=\\\"javascript:a\\\">b</a></div>"})
    EXPECT_EQ(Over(std::string(R"({"resourceType":"Patient","text":{"div":")") + div + "\"}}")("text.div.htmlChecks()"), "false") << div;
}

TEST(Hostile, ExpressionsThatAreTooDeepOrTooLongAreRefused) {
  Over over(patient);
  EXPECT_EQ(over(std::string(100000, '(')), "cannot be read");
  EXPECT_EQ(over(std::string(100000, '-') + "1"), "cannot be read");
  std::string chain = "1", dots = "id", index = "name";
  for (int i = 0; i < 20000; ++i) chain += "+1", dots += ".id", index += "[0]";
  EXPECT_EQ(over(chain), "cannot be read");
  EXPECT_EQ(over(dots), "cannot be read");
  EXPECT_EQ(over(index), "cannot be read");
  EXPECT_EQ(over(std::string(300000, 'a')), "cannot be read");
  std::string fine = "1";
  for (int i = 0; i < 900; ++i) fine += "+1";
  EXPECT_EQ(over(fine), "901");
}

TEST(Hostile, WorkAndMemoryAreBounded) {
  Over over(patient);
  std::string many = "(0";
  for (int i = 1; i < 60; ++i) many += "|" + std::to_string(i);
  many += ")";
  EXPECT_EQ(over(many + ".aggregate($total.combine($total), 1).count()"), "too large");
  EXPECT_EQ(over(many + ".aggregate($total & $total, 'aaaa').length()"), "too large");
  EXPECT_EQ(over("'aaaaaaaaaa'" + [] {
    std::string out;
    for (int i = 0; i < 30; ++i) out += ".replace('a','aaaaaaaaaa')";
    return out;
  }() + ".length()"), "too large");
  over.context.clear();
  EXPECT_EQ(over(many + ".repeat($this + 1).count()"), "too large");
  over.context.clear();
  EXPECT_EQ(over("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')"), "false");  // linear, not exponential
  EXPECT_EQ(over("'a'.matches('(((((((((a{100}){100}){100}){100}){100}){100}){100}){100}){100}')"), "fault");
}

TEST(Hostile, NumbersOfAnyLengthAreHandled) {
  std::string nines(5000, '9');
  Over over(R"({"resourceType":"Observation","valueQuantity":{"value":)" + nines + R"(},"component":[{"valueInteger":1e999}]})");
  EXPECT_EQ(over("value.value + 1"), "fault");
  EXPECT_EQ(over("value.value"), nines);  // as received
  EXPECT_EQ(over("component.value + 1"), "fault");
  EXPECT_EQ(over(nines), "cannot be read");
  EXPECT_EQ(over("1.5.round(1000000000)"), "1.5");
  EXPECT_EQ(over("10.power(1000000000)"), "");
  EXPECT_EQ(over("@2020-01-01 + 999999999999999 days"), "");
  EXPECT_EQ(over("@9999-12-31 + 1 day"), "");
}

TEST(Hostile, ReferenceLoopsEnd) {
  Over over(R"({"resourceType":"Patient","id":"a","contained":[{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"#b"}}]}],
      "link":[{"other":{"reference":"#b"}}]})");
  EXPECT_EQ(over("link.repeat(other.resolve().link).count()"), "1");
}

TEST(Values, PartialDatesStayPartial) {
  Over over(R"({"resourceType":"Patient","birthDate":"1970-06"})");
  EXPECT_EQ(over("birthDate"), "1970-06");
  EXPECT_EQ(over("birthDate = @1970-06-01"), "");
  EXPECT_EQ(over("birthDate < @1970-07-01"), "true");
  EXPECT_EQ(over("birthDate + 40 days"), "1970-07");
  EXPECT_EQ(over("birthDate.lowBoundary()"), "1970-06-01");
}

}  // namespace
}  // namespace joinedup::fhirpath
