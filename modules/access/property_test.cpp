// No answer holds, counts or hints at what is denied: random places, askers and requests. The answer under a permit must be, byte for byte,
// the one that a record gives from which everything that is denied has been removed.
#include <regex>
#include <set>

#include "access/test_support.hpp"
#include "base/random.hpp"

namespace joinedup::access {
namespace {

using Random = CounterRandom;

class PropertyTest : public AccessTest {
 protected:
  struct Made {
    std::string type, id, body;
    std::int64_t at;
  };
  std::vector<Made> made_;

  template <class T>
  T pick(Random& random, std::initializer_list<T> all) { return *(all.begin() + static_cast<std::ptrdiff_t>(random.below(all.size()))); }
  std::string patient(Random& random) { return "p" + std::to_string(random.below(6)); }
  static std::string ref(const std::string& to) { return R"({"reference":")" + to + "\"}"; }

  void add(const std::string& type, const std::string& rest) {
    now_ += 1'000'000;
    const auto id = static_cast<char>('a' + static_cast<int>(type.size() % 26)) + std::to_string(made_.size());
    add_as(type, type == "Patient" ? "p" + std::to_string(made_.size()) : id, rest);
  }
  void add_as(const std::string& type, const std::string& id, const std::string& rest) {
    put(type, id, rest);
    made_.push_back({type, id, R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + (rest.empty() ? "" : ",") + rest + "}", now_});
  }

  void random_place(Random& random) {
    place::Place place;
    place.partners = {{"ORG0", "A", "community"}, {"ORG1", "B", "hospital"}};
    place.feeds["f0"] = {"ORG0", ""}, place.feeds["f1"] = {"ORG1", ""};
    if (random.below(2) == 0)
      for (const std::string partner : {"ORG0", "ORG1"}) {
        place::Agreement a;
        a.partner = partner, a.purpose = "direct_care", a.from = Date::from_civil(2025, 1, 1), a.id = partner;
        if (random.below(3) == 0) a.until = Date::from_civil(2026, 5, 20), a.wind_down_days = random.below(2) == 0 ? 30 : 0;
        if (random.below(3) == 0) a.with = {"ORG0"};
        place.agreements.push_back(a);
      }
    now_ = noon - 60 * a_day;
    begin(place);
    made_.clear();
    const char* names[] = {"Ash", "Birch", "Cedar", "Ash", "Elm", "Fir"};
    for (int i = 0; i < 6; ++i)
      add("Patient", R"("name":[{"family":")" + std::string(names[i]) + R"("}],"birthDate":"19)" + std::to_string(50 + 7 * i) + R"(-01-01","generalPractitioner":[)" +
                         ref("Organization/org" + std::to_string(random.below(2))) + "]" + (random.below(3) == 0 ? R"(,"managingOrganization":)" + ref("Organization/org0") : ""));
    for (const std::string i : {"0", "1"}) add_as("Organization", "org" + i, R"("name":"Organisation )" + i + R"(","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ORG)" + i + "\"}]");
    add_as("Practitioner", "w", R"("name":[{"family":"Worker"}])");
    add_as("Practitioner", "home", R"("address":[{"use":"home","city":"Leeds"}])");
    for (int i = 0; i < 45; ++i) {
      const auto who = ref("Patient/" + patient(random));
      std::string meta;
      if (random.below(4) == 0) meta = R"("security":[{"system":"urn:joinedup:label","code":")" + std::string(pick<const char*>(random, {"safeguarding", "fertility", "mental_health", "unheard_of"})) + "\"}]";
      if (random.below(3) == 0) meta += std::string(meta.empty() ? "" : ",") + R"("source":"urn:joinedup:feed:f)" + std::to_string(random.below(2)) + "\"";
      if (!meta.empty()) meta = R"("meta":{)" + meta + "},";
      switch (random.below(10)) {
        case 0: case 1: case 2: add("Observation", meta + R"("status":"final","code":{"coding":[{"system":"urn:c","code":"c)" + std::to_string(random.below(3)) + R"("}]},"subject":)" + who +
                                        R"(,"performer":[)" + ref("Practitioner/w") + R"(],"effectiveDateTime":"2026-03-0)" + std::to_string(1 + random.below(9)) + "\""); break;
        case 3: add("Condition", meta + R"("subject":)" + who + R"(,"code":{"text":"x"})"); break;
        case 4: add("Encounter", meta + R"("status":"finished","class":{"code":"AMB"},"subject":)" + who + R"(,"serviceProvider":)" + ref("Organization/org1")); break;
        case 5: add("Appointment", meta + R"("status":"booked","participant":[{"actor":)" + who + R"(,"status":"accepted"},{"actor":)" + ref("Patient/" + patient(random)) + R"(,"status":"accepted"}])"); break;
        case 6: add("CareTeam", R"("status":"active","subject":)" + who + R"(,"participant":[{"member":)" + ref(pick<std::string>(random, {"Practitioner/w", "Organization/org1", "Practitioner/x"})) + "}]"); break;
        case 7: add("Task", R"("status":")" + std::string(pick<const char*>(random, {"requested", "accepted", "completed"})) + R"(","intent":"order","for":)" + who + R"(,"owner":)" + ref("Practitioner/w")); break;
        case 8: add("Consent", R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":)" + who + R"(,"provision":{"type":"deny")" +
                                   std::string(pick<const char*>(random, {"", R"(,"class":[{"code":"Observation"}])", R"(,"actor":[{"role":{"text":"x"},"reference":{"reference":"Organization/org1"}}])"})) + "}"); break;
        default: add("List", R"("status":"current","mode":"working","title":"x","subject":)" + who + R"(,"entry":[{"item":)" + ref(made_[random.below(made_.size())].type + "/" + made_[random.below(made_.size())].id) + "}]");
      }
    }
    const auto related = patient(random);
    add_as("RelatedPerson", "rp", R"("patient":)" + ref("Patient/" + related));
    add("Consent", R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":)" + ref("Patient/" + related) + R"(,"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":")" +
                       std::string(pick<const char*>(random, {"chosen", "deputy", "unknown"})) + R"("}]},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":)" + ref("RelatedPerson/rp") + "}]}");
    now_ = noon;
    // Some entries are withheld from the persons or who acts for them.
    const auto lead = worker("lead", "safeguarding_lead", "ORG" + std::to_string(random.below(2)));
    for (int i = 0; i < 6; ++i) {
      const Made& one = made_[random.below(made_.size())];
      Withheld what;
      what.patient = patient(random), what.reason = "one who may be coerced", what.review_due = now_ + a_day;
      if (random.below(2) == 0) what.resource = one.type + "/" + one.id;
      else what.type = pick<const char*>(random, {"Observation", "Task", "Encounter"});
      what.from = random.below(2) == 0 ? Withheld::From::person_and_proxies : Withheld::From::proxies;
      static_cast<void>(access_->withhold(lead, what));  // where the lead has a relationship
    }
  }

  Subject random_subject(Random& random) {
    Subject s = worker("w", std::string(Policies_role(random)), "ORG" + std::to_string(random.below(2)));
    s.patient = patient(random), s.related_person = "rp";
    if (s.roles[0] == "person") s.kind = Subject::Kind::person, s.purpose = Purpose::own_record;
    if (s.roles[0] == "proxy") s.kind = Subject::Kind::proxy, s.purpose = Purpose::own_record;
    if (s.roles[0] == "backend") s.kind = Subject::Kind::backend;
    if (random.below(4) == 0) {
      s.scopes.emplace();
      for (const auto type : {"Observation", "Patient", "Encounter"})
        if (random.below(3) > 0) {
          Scope one;
          one.type = type, one.read = random.below(4) > 0, one.search = random.below(4) > 0;
          if (std::string_view(type) == "Observation" && random.below(2) == 0) one.constraint = "code=c1";
          s.scopes->push_back(one);
        }
    }
    if (random.below(8) == 0) s.launch_patient = patient(random);
    return s;
  }
  std::string_view Policies_role(Random& random) {
    return pick<std::string_view>(random, {"gp", "nurse", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "analyst", "board", "guardian", "administrator", "person", "person", "proxy", "backend"});
  }

  std::string random_request(Random& random) {
    const std::string p = patient(random), any = made_[random.below(made_.size())].type + "/" + made_[random.below(made_.size())].id;
    const Made& one = made_[random.below(made_.size())];
    const std::string address = one.type + "/" + one.id;
    const std::string tail = pick<std::string>(random, {"", "", "&_total=accurate", "&_summary=count", "&_count=2&_total=accurate", "&_sort=-_lastUpdated", "&_count=3"});
    switch (random.below(20)) {
      case 0: return "/" + address;
      case 1: return "/" + address + "/_history";
      case 2: return "/" + address + "/_history/1";
      case 3: return "/Patient/" + p + "/$everything?_count=1000";
      case 4: return "/Patient/" + p + "/" + pick<std::string>(random, {"Observation", "*", "Encounter", "Appointment"}) + "?_total=accurate";
      case 5: return "/Observation?subject:Patient.family=ash" + tail;
      case 6: return "/Observation?subject.organization.name=organisation" + tail;
      case 7: return "/Patient?_has:Observation:subject:code=c" + std::to_string(random.below(3)) + tail;
      case 8: return "/Patient?_has:CareTeam:patient:participant=Practitioner/w" + tail;
      case 9: return "/Observation?_include=Observation:subject&_include=Observation:performer" + tail;
      case 10: return "/Patient?_revinclude=Observation:subject&_revinclude=Appointment:actor" + tail;
      case 11: return "/Patient?_sort=family" + tail;
      case 12: return "/Observation?_sort=date&code=c" + std::to_string(random.below(3)) + tail;
      case 13: return "/?_type=Observation,Condition,Encounter,Patient" + tail;
      case 14: return "/" + one.type + "/_history";
      case 15: return "/_history";
      case 16: return "/" + one.type + "?_id=" + one.id + tail;
      case 17: return "/Observation?_security=urn:joinedup:label|safeguarding" + tail;
      case 18: return "/Practitioner?address=leeds" + tail;
      default: return "/" + one.type + "?_lastUpdated=gt2020-01-01" + tail;
    }
  }

  // What may differ: a page's address bears a row's number, a Bundle its own id and time.
  static std::string plain(std::string body) {
    static const std::regex cursor("_cursor=[^\"&]*"), bundle(R"(^\{"resourceType":"Bundle","id":"[^"]*","meta":\{[^}]*\})"), stamp(R"("timestamp":"[^"]*")");
    body = std::regex_replace(body, cursor, "_cursor=");
    body = std::regex_replace(body, stamp, "");
    return std::regex_replace(body, bundle, "{");
  }
  static std::string next_of(const std::string& body) {
    const auto at = body.find(R"({"relation":"next","url":")");
    if (at == std::string::npos) return {};
    const auto from = at + 26 + std::string_view(base).size();
    return body.substr(from, body.find('"', from) - from);
  }
};

rest::Response ask(const rest::Api& api, const fhir::Permit& permit, const std::string& address) {
  rest::Request request;
  request.method = "GET";
  const auto mark = address.find('?');
  request.path = address.substr(0, mark);
  if (mark != address.npos) request.query = address.substr(mark + 1);
  request.permit = &permit;
  return api.handle(request);
}

TEST_F(PropertyTest, AnAnswerIsTheOneOfARecordWithoutWhatIsDenied) {
  const int places = std::getenv("JOINEDUP_LONG") != nullptr ? 200 : 12;
  std::size_t compared = 0, pages = 0, hidden = 0, shown = 0;
  for (int n = 0; n < places; ++n) {
    Random random(42, static_cast<std::uint64_t>(n), 0);
    ASSERT_NO_FATAL_FAILURE(random_place(random));
    for (int asker = 0; asker < 6; ++asker) {
      const Subject who = random_subject(random);
      const auto permit = access_->permit(who);
      ASSERT_TRUE(permit);
      // The same record, as if what is denied had never been written. An app that may search but not read, or the other way, is asked both ways.
      const TestFolder folder;
      std::int64_t at = 0;
      auto other = fhir::open_store({.path = folder.file("r.sqlite"), .base_url = base, .clock = [&] { return at; }, .new_id = {}});
      ASSERT_TRUE(other);
      const bool split = who.scopes && std::any_of(who.scopes->begin(), who.scopes->end(), [](const Scope& s) { return s.read != s.search; });
      if (split) continue;  // reading and searching have no one record then; write_test looks at these
      std::vector<fhir::Write> writes;
      for (const Made& one : made_) {
        const auto decision = access_->explain(who, fhir::Action::read, one.type, one.id);
        ASSERT_TRUE(decision);
        (decision->allowed ? shown : hidden) += 1;
        if (!decision->allowed) continue;
        at = one.at;
        ASSERT_TRUE((*other)->write({{.kind = fhir::Write::Kind::update, .type = one.type, .id = one.id, .body = one.body, .if_match = {}}}));
      }
      const rest::Api without(**other, rest::ApiOptions{.base_url = base});
      const fhir::PermitAll all;
      for (int i = 0; i < 40; ++i) {
        std::string mine = random_request(random), theirs = mine;
        for (int page = 0; page < 4 && !mine.empty(); ++page) {
          const auto a = ask(*api_, **permit, mine), b = ask(without, all, theirs);
          ASSERT_EQ(a.status, b.status) << n << " " << who.roles[0] << " " << mine << "\n" << a.body << "\n" << b.body;
          ASSERT_EQ(plain(a.body), plain(b.body)) << n << " " << who.roles[0] << " " << mine;
          ASSERT_EQ(a.header("ETag"), b.header("ETag"));
          ++compared, pages += page > 0 ? 1U : 0U;
          mine = next_of(a.body), theirs = next_of(b.body);
        }
      }
    }
  }
  EXPECT_GT(compared, 1000U);
  EXPECT_GT(pages, 50U);
  EXPECT_GT(hidden, 1000U);
  EXPECT_GT(shown, 400U);
}

// A write aimed at something hidden is answered as one aimed at nothing, changes nothing, and tells nothing.
TEST_F(PropertyTest, AWriteAimedAtWhatIsHiddenIsAWriteAimedAtNothing) {
  const int places = std::getenv("JOINEDUP_LONG") != nullptr ? 60 : 5;
  std::size_t hidden = 0, changed = 0, refused = 0;
  for (int n = 0; n < places; ++n) {
    Random random(43, static_cast<std::uint64_t>(n), 0);
    ASSERT_NO_FATAL_FAILURE(random_place(random));
    for (int step = 0; step < 150; ++step) {
      const Subject who = random_subject(random);
      const Made one = made_[random.below(made_.size())];
      const auto is_hidden = [&](const Made& made) {
        const auto decision = access_->explain(who, fhir::Action::read, made.type, made.id);
        return decision && !decision->allowed;
      };
      const auto version_of = [&](const Made& made) {
        const auto there = store_->read(made.type, made.id, fhir::PermitAll());
        return there ? there->version : 0;
      };
      std::vector<std::pair<const Made*, std::uint64_t>> before;
      for (const Made& made : made_)
        if (is_hidden(made)) before.emplace_back(&made, version_of(made));
      const auto way = random.below(7);
      const auto aimed = [&](const std::string& id) -> rest::Response {
        std::string body = one.body;
        const auto from = R"("id":")" + one.id + "\"";
        if (const auto at = body.find(from); at != body.npos) body.replace(at, from.size(), R"("id":")" + id + "\"");
        const auto address = one.type + "/" + id;
        switch (way) {
          case 0: return send(who, "PUT /" + address, body);
          case 1: return send(who, "PUT /" + address, body, {{"If-Match", "W/\"1\""}});
          case 2: return send(who, "PATCH /" + address, R"([{"op":"add","path":"/language","value":"en"}])");
          case 3: return send(who, "DELETE /" + address);
          case 4: return send(who, "DELETE /" + one.type + "?_id=" + id);
          case 5: return send(who, "PUT /" + one.type + "?_id=" + id, body);
          default:
            return send(who, "POST /", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + body + R"(,"request":{"method":"PUT","url":")" + address + "\"}}]}");
        }
      };
      const bool was_hidden = is_hidden(one);
      const auto answer = aimed(one.id);
      for (const auto& [made, version] : before) ASSERT_EQ(version_of(*made), version) << n << " " << step << " " << who.roles[0] << " way " << way << " " << made->type << "/" << made->id;
      if (answer.status < 300) ++changed;
      else ++refused;
      if (!was_hidden) continue;
      ++hidden;
      const auto absent = aimed("zz");
      ASSERT_EQ(answer.status, absent.status) << n << " " << step << " " << who.roles[0] << " way " << way << " " << one.type << "\n" << answer.body << "\n" << absent.body;
      ASSERT_EQ(std::regex_replace(answer.body, std::regex("\\b" + one.id + "\\b"), "zz"), absent.body) << who.roles[0] << " way " << way << " " << one.type;
    }
  }
  EXPECT_GT(hidden, 200U);
  EXPECT_GT(changed, 20U);
  EXPECT_GT(refused, 200U);
}

// What is kept of an asker between changes is the same as what is read from the whole record at once.
TEST_F(PropertyTest, WhatIsKeptThroughChangesIsWhatIsReadAnew) {
  const int places = std::getenv("JOINEDUP_LONG") != nullptr ? 60 : 6;
  std::size_t compared = 0, changed = 0, allowed = 0;
  for (int n = 0; n < places; ++n) {
    Random random(44, static_cast<std::uint64_t>(n), 0);
    ASSERT_NO_FATAL_FAILURE(random_place(random));
    std::vector<Subject> askers{worker("w", "gp", "ORG0"), worker("w", "co_ordinator", "ORG1"), worker("x", "social_worker", "ORG1")};
    for (int i = 0; i < 3; ++i) askers.push_back(random_subject(random));
    std::set<std::string> types;
    for (const Made& one : made_) types.insert(one.type);
    for (int step = 0; step < 60; ++step) {
      // One becomes what another of its kind is: of somebody else, of another team, labelled or not; or goes, or comes back.
      const Made& one = made_[random.below(made_.size())];
      const Made& other = made_[random.below(made_.size())];
      now_ += 1'000'000;
      if (step % 4 == 0) reopen();  // so that few have been read anew when the next change comes
      if (step % 4 == 3) {          // a label comes or goes, and nothing else
        for (const Made& made : made_)
          if (made.type == "Observation") remove(made.type, made.id);
        reopen();
        for (const Subject& who : askers) ASSERT_TRUE(access_->permit(who));
        put("Observation", "labelled", observation(patient(random), pick<const char*>(random, {"", "fertility", "mental_health"}))), ++changed;
      } else if (one.type != other.type) {
        if (step % 3 == 0) remove(one.type, one.id), ++changed;
      } else {
        std::string rest = other.body.substr(other.body.find(R"("id":")" + other.id + "\"") + other.id.size() + 7);
        rest.pop_back();
        put(one.type, one.id, rest.starts_with(",") ? rest.substr(1) : rest), ++changed;
      }
      if (random.below(10) == 0) static_cast<void>(access_->emergency(askers[random.below(askers.size())], patient(random), "somebody has fallen and cannot say more"));
      auto fresh = Access::open(*store_, place_, {.clock = [this] { return now_; }, .policy_folder = {}, .base_url = base, .ledger = {}});
      ASSERT_TRUE(fresh);
      for (const Subject& who : askers) {
        for (int i = 0; i < 15; ++i) {
          const Made& asked = made_[random.below(made_.size())];
          const auto kept = access_->explain(who, fhir::Action::read, asked.type, asked.id), anew = (*fresh)->explain(who, fhir::Action::read, asked.type, asked.id);
          ASSERT_TRUE(kept && anew);
          ASSERT_EQ(kept->rule, anew->rule) << n << " " << step << " " << who.roles[0] << " " << asked.type << "/" << asked.id;
          ++compared, allowed += kept->allowed ? 1U : 0U;
        }
        const auto kept = access_->permit(who), anew = (*fresh)->permit(who);
        ASSERT_TRUE(kept && anew);
        for (const auto& type : types) ASSERT_EQ(plain(ask(*api_, **kept, "/" + type + "?_count=100").body), plain(ask(*api_, **anew, "/" + type + "?_count=100").body)) << n << " " << step << " " << who.roles[0] << " " << type;
      }
    }
  }
  EXPECT_GT(compared, 30'000U);
  EXPECT_GT(changed, 100U);
  EXPECT_GT(allowed, 1'000U);
}

}  // namespace
}  // namespace joinedup::access
