#include "vault/join.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

namespace joinedup::vault {
namespace {

constexpr std::uint32_t nobody = UINT32_MAX;

bool trusted_more(const IdentityRecord& x, const IdentityRecord& y) {
  return std::tuple(x.trust, UINT32_MAX - x.rows, x.identity_key) < std::tuple(y.trust, UINT32_MAX - y.rows, y.identity_key);
}

double probability_of(double weight) { return 1 / (1 + std::exp2(-weight)); }

// Clusters of people, with what forbids two of them to be one.
class Clusters {
 public:
  Clusters(std::vector<PersonStanding> standing) : standing_(std::move(standing)), parent_(standing_.size()), members_(standing_.size()) {
    for (std::uint32_t p = 0; p < parent_.size(); ++p) parent_[p] = p, members_[p] = {p};
  }
  std::uint32_t root(std::uint32_t p) {
    while (parent_[p] != p) p = parent_[p] = parent_[parent_[p]];
    return p;
  }
  void forbid(std::uint32_t a, std::uint32_t b) {
    enemies_[a].push_back(b);
    enemies_[b].push_back(a);
  }
  bool forbidden(std::uint32_t a, std::uint32_t b) {
    a = root(a), b = root(b);
    if (members_[a].size() > members_[b].size()) std::swap(a, b);
    for (const auto member : members_[a]) {
      const auto found = enemies_.find(member);
      if (found == enemies_.end()) continue;
      for (const auto enemy : found->second)
        if (root(enemy) == b) return true;
    }
    return false;
  }
  const PersonStanding& standing(std::uint32_t p) { return standing_[root(p)]; }
  void join(std::uint32_t a, std::uint32_t b) {
    a = root(a), b = root(b);
    if (a == b) return;
    if (members_[a].size() < members_[b].size() || (members_[a].size() == members_[b].size() && b < a)) std::swap(a, b);
    parent_[b] = a;
    members_[a].insert(members_[a].end(), members_[b].begin(), members_[b].end());
    members_[b].clear();
    if (!standing_[a].nhs_number) standing_[a].nhs_number = standing_[b].nhs_number;
    standing_[a].registered = standing_[a].registered || standing_[b].registered;
  }
  const std::vector<std::uint32_t>& members(std::uint32_t p) { return members_[root(p)]; }

 private:
  std::vector<PersonStanding> standing_;
  std::vector<std::uint32_t> parent_;
  std::vector<std::vector<std::uint32_t>> members_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> enemies_;
};

// A pair's weight once others compete for the same person: odds ÷ (1 + the odds of those it cannot be together with).
std::vector<double> competed_weights(std::span<const PersonPair> pairs, const std::vector<PersonStanding>& standing) {
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> of;  // person → its pairs
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    of[pairs[i].a].push_back(i);
    of[pairs[i].b].push_back(i);
  }
  const auto other = [&](std::uint32_t pair, std::uint32_t person) { return pairs[pair].a == person ? pairs[pair].b : pairs[pair].a; };
  std::vector<double> weights;
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    double rivals = 0;
    for (const auto& [mine, theirs] : {std::pair(pairs[i].a, pairs[i].b), std::pair(pairs[i].b, pairs[i].a)})
      for (const auto j : of[mine])
        if (j != i && never_one(standing[theirs], standing[other(j, mine)])) rivals += std::exp2(std::min(pairs[j].weight, 60.0));
    weights.push_back(pairs[i].weight - std::log2(1 + rivals));
  }
  return weights;
}

}  // namespace

const char* review_reason_name(ReviewReason reason) {
  static constexpr const char* names[] = {"near_threshold", "two_nhs_numbers", "two_registrations", "given_names_differ", "birth_dates_differ", "other_candidate"};
  return names[static_cast<int>(reason)];
}

std::size_t separate_decided(std::span<const IdentityRecord> records, LinkedIdentities& linked, std::span<const RecordDecision> decisions) {
  std::size_t left = 0;
  for (const auto& decision : decisions) {
    if (decision.verdict != Verdict::different || linked.person[decision.a] != linked.person[decision.b]) continue;
    const auto old = linked.person[decision.a];
    linked.person[decision.a] = linked.people++;
    linked.step[decision.a] = LinkStep::new_person;
    linked.spokesman.push_back(decision.a);
    ++left;
    if (linked.spokesman[old] != decision.a) continue;
    auto& spokesman = linked.spokesman[old] = nobody;
    for (std::uint32_t i = 0; i < records.size(); ++i)
      if (linked.person[i] == old && (spokesman == nobody || trusted_more(records[i], records[spokesman]))) spokesman = i;
  }
  return left;
}

namespace {

struct Joiner {
  std::span<const IdentityRecord> records;
  const LinkedIdentities& exact;
  std::span<const PersonPair> pairs;
  std::span<const RecordDecision> decisions;
  const JoinSettings& settings;
  std::vector<PersonStanding> standing = standings(records, exact);
  Clusters clusters{standing};
  std::vector<LinkStep> joined_by = std::vector<LinkStep>(exact.people, LinkStep::new_person);  // by person: how its cluster got it
  std::set<std::pair<std::uint32_t, std::uint32_t>> decided;                                   // pairs of people
  Joined out;

  void follow_decisions() {
    for (const auto& decision : decisions) {
      const auto a = exact.person[decision.a], b = exact.person[decision.b];
      if (a == b) continue;
      decided.insert(std::minmax(a, b));
      if (decision.verdict != Verdict::same) clusters.forbid(a, b);
    }
    for (const auto& decision : decisions) {
      const auto a = exact.person[decision.a], b = exact.person[decision.b];
      if (decision.verdict != Verdict::same || clusters.root(a) == clusters.root(b)) continue;
      if (clusters.forbidden(a, b)) {
        out.conflicts.push_back(decision.decision_id);
        continue;
      }
      join(a, b, LinkStep::clerical);
      ++out.clerical_joins;
    }
  }

  // The weaker side is the one that was joined; whoever reads the step of its records sees how.
  void join(std::uint32_t a, std::uint32_t b, LinkStep step) {
    const auto rank = [&](std::uint32_t p) { return std::tuple(standing[p].nhs_number == 0, !standing[p].registered, exact.spokesman[p]); };
    const auto weaker = rank(a) < rank(b) ? b : a;
    if (joined_by[weaker] != LinkStep::clerical) joined_by[weaker] = step;
    clusters.join(a, b);
  }

  void join_likely() {
    const auto weights = competed_weights(pairs, standing);
    for (const auto& pair : pairs)
      if (pair.objection != Objection::none) clusters.forbid(pair.a, pair.b);
    std::vector<std::uint32_t> order(pairs.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto x, auto y) { return std::tuple(-weights[x], x) < std::tuple(-weights[y], y); });
    const auto rows = rows_of_people();
    double errors = 0;
    double last = 0;
    bool open = true;
    out.threshold = settings.fixed_weight.value_or(settings.least_weight);
    for (const auto i : order) {
      const auto& pair = pairs[i];
      const double weight = weights[i], probability = probability_of(weight);
      if (pair.weight < settings.review_weight || clusters.root(pair.a) == clusters.root(pair.b) || decided.contains({pair.a, pair.b})) continue;
      ReviewPair review{pair.record_a, pair.record_b, weight, probability, std::min(rows[pair.a], rows[pair.b]), ReviewReason::near_threshold};
      const auto &a = clusters.standing(pair.a), &b = clusters.standing(pair.b);
      if (a.nhs_number && b.nhs_number) review.reason = ReviewReason::two_nhs_numbers;
      else if (a.registered && b.registered) review.reason = ReviewReason::two_registrations;
      else if (pair.objection == Objection::birth_dates_differ) review.reason = ReviewReason::birth_dates_differ;
      else if (clusters.forbidden(pair.a, pair.b)) review.reason = ReviewReason::given_names_differ;
      else if (pair.weight >= out.threshold && weight < out.threshold) review.reason = ReviewReason::other_candidate;
      const bool refused = review.reason != ReviewReason::near_threshold;
      if (open && !refused && !sure_enough(weight, errors + 1 - probability)) {
        open = false;
        if (weight >= out.threshold) out.threshold = out.probabilistic_joins ? last : weight;
      }
      if (open && !refused && weight >= out.threshold) {
        join(pair.a, pair.b, LinkStep::probabilistic);
        ++out.probabilistic_joins;
        errors += 1 - probability;
        last = weight;
        continue;
      }
      out.refused_joins += refused && weight >= out.threshold;
      if (weight >= settings.review_weight) out.review.push_back(review);
    }
    if (out.probabilistic_joins) out.expected_precision = 1 - errors / static_cast<double>(out.probabilistic_joins);
  }

  bool sure_enough(double weight, double errors) const {
    if (settings.fixed_weight) return weight >= *settings.fixed_weight;
    return weight >= settings.least_weight && errors <= (1 - settings.least_precision) * static_cast<double>(out.probabilistic_joins + 1);
  }

  std::vector<std::uint64_t> rows_of_people() const {
    std::vector<std::uint64_t> rows(exact.people, 0);
    for (std::size_t i = 0; i < records.size(); ++i) rows[exact.person[i]] += records[i].rows;
    return rows;
  }

  // The pairs a clerk's minute is best spent on: how undecided they are, times how much hangs on them.
  void choose_review() {
    const auto worth = [](const ReviewPair& pair) {
      const bool refused = pair.reason != ReviewReason::near_threshold && pair.weight > 0;
      const double undecided = refused ? 1 : 1 - std::fabs(2 * pair.probability - 1);
      return undecided * std::log2(1 + static_cast<double>(pair.reach));
    };
    std::sort(out.review.begin(), out.review.end(), [&](const ReviewPair& x, const ReviewPair& y) {
      return std::tuple(-worth(x), x.record_a, x.record_b) < std::tuple(-worth(y), y.record_a, y.record_b);
    });
    if (out.review.size() > settings.review_capacity) out.review.resize(settings.review_capacity);
  }

  // People numbered anew in the order of their first record.
  void finish() {
    auto& linked = out.linked;
    linked.step = exact.step;
    linked.person.resize(records.size());
    std::vector<std::uint32_t> number(exact.people, nobody);
    for (std::uint32_t i = 0; i < records.size(); ++i) {
      const auto person = exact.person[i];
      auto& mine = number[clusters.root(person)];
      if (mine == nobody) {
        mine = linked.people++;
        linked.spokesman.push_back(i);
      }
      linked.person[i] = mine;
      if (trusted_more(records[i], records[linked.spokesman[mine]])) linked.spokesman[mine] = i;
      if (joined_by[person] != LinkStep::new_person) linked.step[i] = joined_by[person];
    }
  }
};

}  // namespace

Joined join_people(std::span<const IdentityRecord> records, const LinkedIdentities& exact, std::span<const PersonPair> pairs,
                   std::span<const RecordDecision> decisions, const JoinSettings& settings) {
  Joiner joiner{records, exact, pairs, decisions, settings};
  joiner.follow_decisions();
  joiner.join_likely();
  joiner.choose_review();
  joiner.finish();
  return std::move(joiner.out);
}

}  // namespace joinedup::vault
