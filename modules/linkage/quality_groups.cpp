// Quality by group of records, and the files that tell it.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "linkage/quality.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t most_groups = 50, most_points = 400;

double pairs_of(double all, double squares, LinkType type) {  // squares: of the sizes by source
  return type == LinkType::link_only ? (all * all - squares) / 2 : all * (all - 1) / 2;
}

struct Sizes {  // of one person's records, by source: all, and those outside a group
  std::map<std::uint16_t, double> by_source;
  double pairs(LinkType type) const {
    double all = 0, squares = 0;
    for (const auto& [source, size] : by_source) all += size, squares += size * size;
    return pairs_of(all, squares, type);
  }
};

// True pairs with a record in the group: all of them, less those with none.
std::vector<std::uint64_t> true_pairs_by_group(const std::vector<std::uint32_t>& group, std::size_t groups, const Records& records, LinkType type, const Tally& tally) {
  std::vector<std::uint64_t> found(groups, 0);
  if (tally.truth().person.empty()) {
    for (const auto& [pair, same] : tally.labels().same) {
      if (!same) continue;
      const auto a = group[pair >> 32], b = group[pair & 0xFFFFFFFF];
      ++found[a];
      if (a != b) ++found[b];
    }
    return found;
  }
  std::map<std::uint32_t, std::vector<std::uint32_t>> people;
  for (std::uint32_t row = 0; row < records.size(); ++row)
    if (const auto person = tally.truth().person[row]) people[person].push_back(row);
  for (const auto& [person, rows] : people) {
    if (rows.size() < 2) continue;
    Sizes all;
    std::vector<std::uint32_t> present;
    for (const auto row : rows) all.by_source[records.source[row]] += 1, present.push_back(group[row]);
    std::sort(present.begin(), present.end());
    present.erase(std::unique(present.begin(), present.end()), present.end());
    for (const auto one : present) {
      Sizes outside;
      for (const auto row : rows)
        if (group[row] != one) outside.by_source[records.source[row]] += 1;
      found[one] += static_cast<std::uint64_t>(all.pairs(type) - outside.pairs(type));
    }
  }
  return found;
}

std::vector<GroupQuality> count_groups(const std::string& column, const std::vector<std::string>& names, const std::vector<std::uint32_t>& group, const Records& records, LinkType type,
                                       const std::vector<Edge>& edges, const std::vector<std::uint32_t>& cluster_size, const Tally* tally) {
  std::vector<GroupQuality> out(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) out[i].column = column, out[i].value = names[i];
  for (std::uint32_t row = 0; row < records.size(); ++row) {
    ++out[group[row]].records;
    out[group[row]].linked += cluster_size[row] > 1;
  }
  if (!tally) return out;
  const auto truths = true_pairs_by_group(group, names.size(), records, type, *tally);
  for (std::size_t i = 0; i < names.size(); ++i) out[i].true_pairs = truths[i];
  for (const auto& edge : edges) {
    const int same = tally->known(edge.left, edge.right);
    if (same < 0) continue;
    const auto a = group[edge.left], b = group[edge.right];
    for (const auto one : {a, b}) {
      ++out[one].links;
      out[one].true_links += static_cast<std::uint64_t>(same);
      if (a == b) break;
    }
  }
  return out;
}

double share(std::uint64_t part, std::uint64_t of) { return of == 0 ? NAN : static_cast<double>(part) / static_cast<double>(of); }

nlohmann::ordered_json with_interval(std::uint64_t part, std::uint64_t of) {
  if (of == 0) return nullptr;
  const auto [low, high] = wilson(share(part, of), static_cast<double>(of));
  return {{"value", share(part, of)}, {"low", low}, {"high", high}};
}

}  // namespace

Result<std::vector<GroupQuality>> quality_by_group(const std::vector<std::string>& columns, const Records& records, LinkType type,
                                                   const std::vector<Edge>& edges, const std::vector<std::uint32_t>& cluster_of, const Tally* tally) {
  std::vector<std::uint32_t> sizes(records.size(), 0), cluster_size(records.size(), 0);
  for (const auto cluster : cluster_of) ++sizes[cluster];
  for (std::uint32_t row = 0; row < records.size(); ++row) cluster_size[row] = sizes[cluster_of[row]];
  auto groups = count_groups("", {""}, std::vector<std::uint32_t>(records.size(), 0), records, type, edges, cluster_size, tally);
  for (const auto& name : columns) {
    const DataColumn* column = records.find(lower_ascii(name));
    if (!column) return fail(ErrorCode::invalid_input, "[quality] by names the column '" + name + "', which is not there.");
    if (column->values().size() > most_groups + 1)
      return fail(ErrorCode::invalid_input, "[quality] by names the column '" + name + "', which holds " + std::to_string(column->values().size() - 1) + " different values: quality is told by groups, at most " +
                                                std::to_string(most_groups) + ". Give bands, such as ten years of age.");
    std::vector<std::uint32_t> order(column->values().size());
    for (std::uint32_t code = 0; code < order.size(); ++code) order[code] = code;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return column->values()[a] < column->values()[b]; });
    std::vector<std::uint32_t> place(order.size()), group(records.size());
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i, names.push_back(order[i] == 0 ? "(empty)" : std::string(column->values()[order[i]]));
    for (std::uint32_t row = 0; row < records.size(); ++row) group[row] = place[column->codes[row]];
    for (auto& one : count_groups(name, names, group, records, type, edges, cluster_size, tally))
      if (one.records > 0) groups.push_back(std::move(one));
  }
  return groups;
}

std::string quality_csv(const std::vector<GroupQuality>& groups, const Tally* tally) {
  std::string out = "column,value,records,linked,match_rate,match_rate_low,match_rate_high";
  if (tally) out += ",true_pairs,links,true_links,precision,precision_low,precision_high,recall,recall_low,recall_high";
  out += "\n";
  const auto rate = [](std::uint64_t part, std::uint64_t of) -> std::string {
    if (of == 0) return ",,,";
    const auto [low, high] = wilson(share(part, of), static_cast<double>(of));
    return "," + format_number(share(part, of)) + "," + format_number(low) + "," + format_number(high);
  };
  for (const auto& group : groups) {
    out += csv_field(group.column.empty() ? "all" : group.column) + "," + csv_field(group.value) + "," + std::to_string(group.records) + "," + std::to_string(group.linked) + rate(group.linked, group.records);
    if (tally)
      out += "," + std::to_string(group.true_pairs) + "," + std::to_string(group.links) + "," + std::to_string(group.true_links) + rate(group.true_links, group.links) + rate(group.true_links, group.true_pairs);
    out += "\n";
  }
  return out;
}

std::string quality_json(const std::vector<GroupQuality>& groups, const Tally* tally, double cluster_probability) {
  nlohmann::ordered_json json;
  json["threshold"] = {{"match_probability", cluster_probability}, {"match_weight", probability_to_weight(cluster_probability)}};
  json["groups"] = nlohmann::ordered_json::array();
  for (const auto& group : groups) {
    nlohmann::ordered_json one;
    if (group.column.empty()) one["column"] = nullptr;
    else one["column"] = group.column, one["value"] = group.value;
    one["records"] = group.records;
    one["linked"] = group.linked;
    one["match_rate"] = with_interval(group.linked, group.records);
    if (tally) {
      one["true_pairs"] = group.true_pairs;
      one["links"] = group.links;
      one["true_links"] = group.true_links;
      one["precision"] = with_interval(group.true_links, group.links);
      one["recall"] = with_interval(group.true_links, group.true_pairs);
    }
    json["groups"].push_back(std::move(one));
  }
  if (tally) {
    const auto curve = tally->curve();
    json["curve"] = nlohmann::ordered_json::array();
    const std::size_t step = std::max<std::size_t>(1, curve.size() / most_points);
    for (std::size_t i = 0; i < curve.size(); i += step) {
      const auto& point = curve[i];
      json["curve"].push_back({{"match_weight", point.weight}, {"true_links", point.true_links}, {"false_links", point.false_links}, {"precision", point.precision}, {"recall", point.recall}, {"f1", point.f1}});
    }
  }
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace joinedup::linkage
