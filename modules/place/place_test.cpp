#include "place/place.hpp"

#include <gtest/gtest.h>

namespace joinedup::place {
namespace {

const std::string good = R"(format = 1
[place]
name = "Exampleshire"
synthetic = true
data_from = 2023-04-01
data_to = 2026-03-31
[limits]
rejected_percent = 2
[[partner]]
code = "RX1"
name = "Exampleshire Hospital"
type = "hospital"
[feeds.hes_apc_sus]
partner = "RX1"
[[team]]
name = "North"
practices = ["Y00001", "Y00002"]
capacity = 60
[caseload]
risk_at_least = 0.25
[[agreement]]
partner = "RX1"
purpose = "secondary_use"
from = 2023-04-01
until = 2025-03-31
[[worker]]
code = "W1"
given_name = "Ann"
family_name = "Example"
organisation = "Y00001"
role = "general_practitioner"
teams = ["North"]
)";

std::string complaint(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const auto place = parse_place(text, ".");
  return place ? "accepted" : place.error().text();
}

}  // namespace

TEST(Place, AGoodFileIsReadWhole) {
  const auto place = parse_place(good, "/srv/x");
  ASSERT_TRUE(place) << place.error().text();
  EXPECT_EQ(place->name, "Exampleshire");
  EXPECT_EQ(place->people, People::synthetic);
  EXPECT_EQ(place->data_to.to_iso(), "2026-03-31");
  EXPECT_EQ(place->rejected_percent, 2);
  EXPECT_EQ(place->feeds.at("hes_apc_sus").partner, "RX1");
  ASSERT_EQ(place->teams.size(), 1u);
  EXPECT_EQ(place->teams[0].practices, (std::vector<std::string>{"Y00001", "Y00002"}));
  EXPECT_EQ(place->teams[0].capacity, 60);
  EXPECT_EQ(place->case_finding.risk_at_least, 0.25);
  ASSERT_EQ(place->workers.size(), 1u);
  EXPECT_EQ(place->workers[0].organisation, "Y00001");
  EXPECT_EQ(place->workers[0].teams, std::vector<std::string>{"North"});
  EXPECT_EQ(place->path("vault"), "/srv/x/vault");
  EXPECT_FALSE(place->lacks_agreement("RX1", "secondary_use", *parse_iso_date("2025-03-31")));
  EXPECT_TRUE(place->lacks_agreement("RX1", "secondary_use", *parse_iso_date("2025-04-01")));
  EXPECT_TRUE(place->lacks_agreement("RX1", "direct_care", *parse_iso_date("2024-04-01")));
}

TEST(Place, AnAgreementSaysWhatWithWhomAndHowItEnds) {
  std::string text = good;
  text += R"toml(
[[agreement]]
id = "care-2024"
partner = "RX1"
purpose = "direct_care"
from = 2024-04-01
until = 2025-03-31
legal_basis = "UK GDPR 6(1)(e), 9(2)(h)"
feeds = ["hes_apc_sus"]
with = ["RX1"]
wind_down_days = 30
access = "view"
dpia = "governance/dpia.pdf"
[[agreement.approval]]
by = "Caldicott guardian, RX1"
on = 2024-03-01
)toml";
  const auto place = parse_place(text, ".");
  ASSERT_TRUE(place) << place.error().text();
  const auto& agreement = place->agreements.back();
  EXPECT_EQ(agreement.id, "care-2024");
  EXPECT_EQ(place->agreements.front().id, "RX1-secondary_use-2023-04-01");
  ASSERT_EQ(agreement.approvals.size(), 1u);
  EXPECT_EQ(agreement.approvals[0].on.to_iso(), "2024-03-01");
  const auto cover = [&](const char* day, const char* feed) { return place->cover("RX1", "direct_care", *parse_iso_date(day), feed); };
  EXPECT_EQ(cover("2024-03-31", ""), Cover::none);
  EXPECT_EQ(cover("2025-03-31", "hes_apc_sus"), Cover::in_force);
  EXPECT_EQ(cover("2025-03-31", "deaths"), Cover::none) << "a feed that it does not name";
  EXPECT_EQ(cover("2025-04-01", "hes_apc_sus"), Cover::winding_down);
  EXPECT_EQ(cover("2025-04-30", ""), Cover::winding_down);
  EXPECT_EQ(cover("2025-05-01", ""), Cover::none);
  EXPECT_TRUE(place->lacks_agreement("RX1", "direct_care", *parse_iso_date("2025-04-01"))) << "winding down is not in force";
  EXPECT_FALSE(place->may_write("RX1", *parse_iso_date("2024-05-01"))) << "it may view only";
}

TEST(Place, EveryFaultIsOneSentenceWithItsLine) {
  EXPECT_EQ(complaint("purpose = \"secondary_use\"", "purpose = \"secondary_use\"\nwind_down_days = 30"), "place.toml:24: Only direct care winds down; secondary use stops on the day that the agreement ends.");
  EXPECT_EQ(complaint("purpose = \"secondary_use\"", "purpose = \"secondary_use\"\nfeeds = [\"deaths\"]"), "place.toml:24: \"deaths\" is no feed of this partner.");
  EXPECT_EQ(complaint("purpose = \"secondary_use\"", "purpose = \"secondary_use\"\naccess = \"all\""), "place.toml:24: A partner's access is view or write.");

  EXPECT_EQ(complaint("synthetic = true", "syntetic = true"), "place.toml:4: [place] has an unknown key \"syntetic\"; is it misspelt?");
  EXPECT_EQ(complaint("name = \"Exampleshire\"", "nmae = \"Exampleshire\""), "place.toml:3: [place] has an unknown key \"nmae\"; is it misspelt?");
  EXPECT_EQ(complaint("name = \"Exampleshire\"", "name = 3"), "place.toml:3: \"name\" should be a text in quotes.");
  EXPECT_EQ(complaint("data_to = 2026-03-31", "data_to = \"31/02/2026\""), "place.toml:6: \"data_to\" should be a date as 2024-04-01.");
  EXPECT_EQ(complaint("data_to = 2026-03-31", "data_to = 2020-03-31"), "place.toml:6: data_to lies before data_from.");
  EXPECT_EQ(complaint("partner = \"RX1\"", "partner = \"RX2\""), "place.toml:14: No [[partner]] has the code \"RX2\".");
  EXPECT_EQ(complaint("rejected_percent = 2", "rejected_percent = 101"), "place.toml:8: A percentage lies between 0 and 100.");
  EXPECT_EQ(complaint("data_to = 2026-03-31\n", ""), "place.toml:2: [place] lacks \"data_to\" (a date as 2024-04-01).");
  EXPECT_NE(complaint("name = \"Exampleshire\"", "name = \"Example").find("place.toml:3: This is not valid TOML"), std::string::npos);
  EXPECT_EQ(complaint("capacity = 60", "capacity = -1"), "place.toml:18: A team's capacity is the number of people it can hold: 0 or more.");
  EXPECT_EQ(complaint("\"Y00001\", \"Y00002\"", ""), "place.toml:17: A team needs at least one practice, or it would be offered nobody.");
  EXPECT_EQ(complaint("teams = [\"North\"]", "teams = [\"South\"]"), "place.toml:32: There is no [[team]] called \"South\".");
  EXPECT_EQ(complaint("organisation = \"Y00001\"", "organisation = \"Y9\""), "place.toml:30: \"Y9\" is neither the code of a [[partner]] nor a practice of a [[team]].");
  EXPECT_TRUE(complaint("role = \"general_practitioner\"", "role = \"king\"").starts_with("place.toml:31: \"king\" is not a role: one of care_coordinator, "));
  EXPECT_EQ(complaint("\"Y00002\"", "\"Y00001\""), "place.toml:17: Practice \"Y00001\" is with team \"North\" already; each practice has one team.");
  EXPECT_EQ(complaint("risk_at_least = 0.25", "risk_at_least = 25"), "place.toml:20: A risk lies between 0 and 1; 0.2 is one in five.");
  EXPECT_EQ(complaint("risk_at_least = 0.25", "objections_that_remove = []"),
            "place.toml:20: An objection to case finding always removes a person: \"case_finding\" must be in the list.");
  EXPECT_FALSE(read_place("/nowhere"));
}

TEST(Place, ReceiversOfNotificationsAreHostAndPort) {
  const auto with = [](const char* lines) { return parse_place(std::string(good) + "\n[subscriptions]\n" + lines + "\n", "."); };
  EXPECT_TRUE(with("receivers = [\"hooks.example:8443\"]"));
  EXPECT_NE(with("receivers = [\"hooks.example\"]").error().text().find("host:port"), std::string::npos);
  EXPECT_FALSE(with("allow = true"));
}

}  // namespace joinedup::place
