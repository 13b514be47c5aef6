// Every role × interaction × relationship × label × state of agreement: the program through its REST door, against a specification that shares
// nothing with it, and against rows worked by hand.
#include "access/reference/specification.hpp"
#include "access/test_support.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::access {
namespace {

using specification::Question;

const std::vector<std::string> roles = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "analyst", "board", "guardian", "administrator", "person", "proxy", "backend"};
const std::vector<std::string> interactions = {"read", "search", "history", "include", "chain", "everything", "export", "create", "update", "patch", "delete"};  // the destructive one last
const std::vector<std::string> relationships = {"none", "registered_practice", "care_team", "accepted_referral", "emergency", "own", "proxy_chosen", "proxy_deputy", "own_data"};
const std::vector<std::string> labels = {"none", "safeguarding", "sexual_health", "mental_health", "protected_address", "gender_recognition", "fertility"};
const std::vector<std::string> agreements = {"in_force", "reader_winding_down", "reader_ended", "reader_view_only", "source_winding_down", "source_ended"};

class MatrixTest : public AccessTest {
 protected:
  // One place in one state of its agreements. Every subject is given every link that an account can have; which one counts is policy.
  void arrange(const std::string& state) {
    place::Place place;
    place.partners = {{"ORG", "Ours", "community"}, {"SRC", "Source", "hospital"}};
    place.feeds["own"] = {"ORG", ""}, place.feeds["source"] = {"SRC", ""};
    for (const std::string partner : {"ORG", "SRC"}) {
      place::Agreement a;
      a.partner = partner, a.purpose = "direct_care", a.from = Date::from_civil(2025, 1, 1), a.id = partner;
      const bool its = state.starts_with("reader_") == (partner == "ORG");
      if (its && state.ends_with("winding_down")) a.until = Date::from_civil(2026, 6, 1), a.wind_down_days = 30;
      if (its && state.ends_with("_ended")) a.until = Date::from_civil(2026, 6, 1);
      if (its && state.ends_with("view_only")) a.access = place::Agreement::Access::view;
      place.agreements.push_back(a);
    }
    now_ = noon;
    begin(place);
    put("Organization", "org", R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ORG"}])");
    for (const auto& relationship : relationships) {
      const std::string id = name(relationship), subject = R"({"reference":"Patient/)" + id + "\"}";
      put("Patient", id, relationship == "registered_practice" ? R"("generalPractitioner":[{"reference":"Organization/org"}])" : R"("active":true)");
      if (relationship == "care_team") put("CareTeam", id, R"("status":"active","subject":)" + subject + R"(,"participant":[{"member":{"reference":"Practitioner/w"}}])");
      if (relationship == "accepted_referral") put("Task", id, R"("status":"accepted","intent":"order","for":)" + subject + R"(,"owner":{"reference":"Practitioner/w"})");
      if (relationship.starts_with("proxy_")) {
        put("RelatedPerson", id, R"("patient":)" + subject);
        put("Consent", id, R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":)" + subject + R"(,"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":")" +
                               relationship.substr(6) + R"("}]},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"RelatedPerson/)" + id + "\"}}]}");
      }
      for (const auto& label : labels) put("Observation", entry(relationship, label), body(relationship, label));
    }
    now_ += 2 * a_day;  // a state that ends has ended by now
    exported_.reset();
    exports_ = std::make_unique<rest::Api>(*store_, rest::ApiOptions{.base_url = base, .export_folder = folder_->file("exports"), .export_permit = [this](const std::string&) { return access_->permit(backend("ORG")); }});
    if (!state.empty()) { ASSERT_TRUE(access_->emergency(worker("w", "nurse", "ORG"), name("emergency"), "found unconscious at home")); }
  }
  static std::string name(std::string text) {
    std::replace(text.begin(), text.end(), '_', '-');
    return text;
  }
  static std::string entry(const std::string& relationship, const std::string& label) { return name(relationship + "." + label); }
  static std::string body(const std::string& relationship, const std::string& label) {
    return observation(name(relationship), label == "none" ? "" : label, relationship == "own_data" ? "urn:joinedup:feed:own" : "urn:joinedup:feed:source");
  }
  static Subject asker(const Question& q) {
    Subject s = worker("w", q.role, "ORG");
    s.patient = "own";
    s.related_person = q.relationship.starts_with("proxy_") ? name(q.relationship) : "proxy-deputy";
    if (q.role == "person") s.kind = Subject::Kind::person, s.purpose = Purpose::own_record;
    if (q.role == "proxy") s.kind = Subject::Kind::proxy, s.purpose = Purpose::own_record;
    if (q.role == "backend") s.kind = Subject::Kind::backend;
    if (q.role == "analyst" || q.role == "board") s.purpose = Purpose::secondary_use;
    if (q.role == "guardian" || q.role == "administrator") s.purpose = Purpose::administration;
    return s;
  }
  bool ask(const Question& q) {
    const auto who = asker(q);
    const auto id = entry(q.relationship, q.label), patient = name(q.relationship);
    if (q.interaction == "read") return status(who, "GET /Observation/" + id) == 200;
    if (q.interaction == "search") return counted(who, "Observation?_id=" + id);
    if (q.interaction == "history") return status(who, "GET /Observation/" + id + "/_history/1") == 200;
    if (q.interaction == "include") return send(who, "GET /Patient?_id=" + patient + "&_revinclude=Observation:subject").body.find("\"" + id + "\"") != std::string::npos;
    if (q.interaction == "everything") return send(who, "GET /Patient/" + patient + "/$everything?_count=1000").body.find("\"" + id + "\"") != std::string::npos;
    if (q.interaction == "export") return is_exported(who, id);
    if (q.interaction == "patch") return status(who, "PATCH /Observation/" + id, R"([{"op":"replace","path":"/status","value":"final"}])") == 200;
    if (q.interaction == "chain") return counted(who, "Patient?_has:Observation:subject:_id=" + id);
    if (q.interaction == "update") return status(who, "PUT /Observation/" + id, R"({"resourceType":"Observation","id":")" + id + "\"," + body(q.relationship, q.label) + "}") == 200;
    if (q.interaction == "create") {
      const auto made = observation(patient, q.label == "none" ? "" : q.label, q.role == "backend" && q.relationship == "own_data" ? "urn:joinedup:feed:own" : "");
      return status(who, "POST /Observation", R"({"resourceType":"Observation",)" + made + "}") == 201;
    }
    if (q.interaction == "delete") {
      status(who, "DELETE /Observation/" + id);
      const bool gone = !store_->read("Observation", id, fhir::PermitAll());
      if (gone) put("Observation", id, body(q.relationship, q.label));
      return gone;
    }
    return false;
  }
  // What a bulk export of the asker's holds: one export of each state of the agreements, for those who may begin one.
  bool is_exported(const Subject& who, const std::string& id) {
    const auto call = [&](const std::string& path, const std::string& query) {
      const auto permit = access_->permit(who);
      rest::Request request{.method = "GET", .path = path, .query = query, .headers = {{"Prefer", "respond-async"}}};
      request.permit = permit->get(), request.principal = "asker";
      auto response = exports_->handle(request);
      for (bool more = static_cast<bool>(response.more); more;) {
        std::string piece;
        more = response.more(piece).value_or(false);
        response.body += piece;
      }
      return response;
    };
    if (who.kind == Subject::Kind::backend && exported_) return exported_->find("\"" + id + "\"") != std::string::npos;
    const auto begun = call("/$export", "_type=Observation");
    if (begun.status != 202) return false;
    const auto local = [](std::string_view address) { return std::string(address.substr(std::string_view(base).size())); };
    const auto where = local(begun.header("Content-Location"));
    rest::Response done;
    do done = call(where, {});
    while (done.status == 202);
    std::string all;
    for (std::size_t at = 0; (at = done.body.find("\"url\":\"", at)) != std::string::npos;) {
      at += 7;
      all += call(local(std::string_view(done.body).substr(at, done.body.find('"', at) - at)), {}).body;
    }
    if (who.kind == Subject::Kind::backend) exported_ = all;
    return all.find("\"" + id + "\"") != std::string::npos;
  }
  std::unique_ptr<rest::Api> exports_;
  std::optional<std::string> exported_;
  bool counted(const Subject& who, const std::string& search) {
    return send(who, "GET /" + search + "&_summary=count").body.find("\"total\":1") != std::string::npos;
  }
};

TEST_F(MatrixTest, TheProgramDoesWhatTheSpecificationSays) {
  std::size_t asked = 0, allowed = 0, wrong = 0;
  for (const auto& agreement : agreements) {
    ASSERT_NO_FATAL_FAILURE(arrange(agreement));
    for (const auto& role : roles)
      for (const auto& relationship : relationships)
        for (const auto& label : labels)
          for (const auto& interaction : interactions) {
            const Question q{role, interaction, relationship, label, agreement};
            const bool expected = specification::may(q), found = ask(q);
            ++asked, allowed += expected ? 1U : 0U;
            if (found == expected || ++wrong > 25) continue;
            ADD_FAILURE() << role << " " << interaction << " " << relationship << " " << label << " " << agreement << ": the specification says " << (expected ? "yes" : "no") << "; "
                          << rule(asker(q), "Observation/" + entry(relationship, label));
          }
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(asked, roles.size() * relationships.size() * labels.size() * interactions.size() * agreements.size());
  EXPECT_GT(allowed, 2000U);
  RecordProperty("asked", static_cast<int>(asked));
  RecordProperty("allowed", static_cast<int>(allowed));
}

TEST_F(MatrixTest, RowsWorkedByHand) {
  const auto text = read_file(JOINEDUP_SOURCE_DIR "/modules/access/reference/worked.csv");
  ASSERT_TRUE(text);
  std::map<std::string, std::vector<std::pair<Question, bool>>> rows;
  std::size_t count = 0;
  for (const auto line : split(*text, '\n')) {
    const auto columns = split(trim(line), ',');
    if (line.starts_with('#') || columns.size() != 7 || columns[0] == "role") continue;
    const Question q{std::string(columns[0]), std::string(columns[1]), std::string(columns[2]), std::string(columns[3]), std::string(columns[4])};
    EXPECT_EQ(specification::may(q), columns[5] == "yes") << line;
    rows[q.agreement].emplace_back(q, columns[5] == "yes");
    ++count;
  }
  EXPECT_GE(count, 100U);
  for (const auto& [agreement, all] : rows) {
    ASSERT_NO_FATAL_FAILURE(arrange(agreement));
    for (const auto& [q, expected] : all)
      EXPECT_EQ(ask(q), expected) << q.role << " " << q.interaction << " " << q.relationship << " " << q.label << " " << agreement;
  }
}

}  // namespace
}  // namespace joinedup::access
