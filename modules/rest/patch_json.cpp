#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "rest/json_tree.hpp"
#include "rest/patch.hpp"

namespace joinedup::rest {

namespace {

// Copies could double a document at each step.
constexpr std::size_t most_copied = 16U << 20, deepest = 200;

using Pointer = std::vector<std::string>;

tl::unexpected<Error> malformed(const std::string& why) {
  return fail(ErrorCode::wrong_usage, "The JSON Patch is not of the form that RFC 6902 asks for: " + why + ".");
}

tl::unexpected<Error> cannot(std::size_t step, const std::string& why) {
  return fail(ErrorCode::invalid_input, "Step " + std::to_string(step + 1) + " of the patch cannot be done: " + why + ".");
}

Result<Pointer> read_pointer(const Json* json) {
  if (json == nullptr || json->kind != fhirpath::NodeKind::string) return malformed("a step has no path or from");
  const std::string text = json->string();
  Pointer out;
  if (text.empty()) return out;
  if (text[0] != '/') return malformed("a path does not begin with /");
  for (const auto part : split(std::string_view(text).substr(1), '/')) {
    std::string token;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') token += part[i];
      else if (i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) token += part[++i] == '0' ? '~' : '/';
      else return malformed("a path has a ~ that is neither ~0 nor ~1");
    }
    out.push_back(std::move(token));
  }
  if (out.size() > deepest) return malformed("a path is deeper than 200 levels");
  return out;
}

// A place in a list; nothing where the token is none.
std::optional<std::size_t> place_in(const Json& list, const std::string& token) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || (token.size() > 1 && token[0] == '0') || index > list.items.size()) return {};
  return index;
}

Json* resolve(Json& root, const Pointer& pointer, std::size_t steps) {
  Json* at = &root;
  for (std::size_t i = 0; i < steps; ++i) {
    if (at->is_object()) at = at->find(pointer[i]);
    else if (at->is_list()) {
      const auto place = place_in(*at, pointer[i]);
      at = place && *place < at->items.size() ? &at->items[*place] : nullptr;
    } else at = nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::size_t depth_of(const Json& json) {
  std::size_t most = 0;
  for (const Json& item : json.items) most = std::max(most, depth_of(item));
  for (const auto& member : json.members) most = std::max(most, depth_of(member.value));
  return most + 1;
}

std::size_t size_of(const Json& json) {
  std::size_t all = json.scalar.size() + sizeof(Json);  // as it stands in memory
  for (const Json& item : json.items) all += size_of(item);
  for (const auto& member : json.members) all += member.name.size() + size_of(member.value);
  return all;
}

Result<void> add(Json& root, const Pointer& path, Json value, std::size_t step) {
  if (path.size() + depth_of(value) > deepest) return cannot(step, "the result would be nested deeper than 200 levels");
  if (path.empty()) {
    root = std::move(value);
    return {};
  }
  Json* parent = resolve(root, path, path.size() - 1);
  if (parent == nullptr) return cannot(step, "what should hold the new value is not there");
  if (parent->is_object()) {
    parent->member(path.back()) = std::move(value);
  } else if (parent->is_list()) {
    const auto place = path.back() == "-" ? std::optional(parent->items.size()) : place_in(*parent, path.back());
    if (!place) return cannot(step, "the list has no such place");
    parent->items.insert(parent->items.begin() + static_cast<std::ptrdiff_t>(*place), std::move(value));
  } else {
    return cannot(step, "what should hold the new value is neither a list nor an object");
  }
  return {};
}

Result<void> remove(Json& root, const Pointer& path, std::size_t step) {
  if (path.empty() || resolve(root, path, path.size()) == nullptr) return cannot(step, "there is nothing at its path");
  Json* parent = resolve(root, path, path.size() - 1);
  if (parent->is_object()) parent->erase(path.back());
  else parent->items.erase(parent->items.begin() + static_cast<std::ptrdiff_t>(*place_in(*parent, path.back())));
  return {};
}

bool is_within(const Pointer& inner, const Pointer& outer) {
  return inner.size() > outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

Result<void> apply(Json& root, const Json& one, std::size_t step, std::size_t& copied) {
  if (!one.is_object()) return malformed("a step is not an object");
  const Json* named = one.find("op");
  const std::string op = named != nullptr ? named->string() : std::string();
  JOINEDUP_TRY(const auto path, read_pointer(one.find("path")));
  const Json* value = one.find("value");
  if ((op == "add" || op == "replace" || op == "test") && value == nullptr) return malformed("a step of the kind " + op + " has no value");
  if (op == "add") return add(root, path, *value, step);
  if (op == "remove") return remove(root, path, step);
  if (op == "replace") {
    Json* there = resolve(root, path, path.size());
    if (there == nullptr) return cannot(step, "there is nothing at its path");
    if (path.size() + depth_of(*value) > deepest) return cannot(step, "the result would be nested deeper than 200 levels");
    *there = *value;
    return {};
  }
  if (op == "test") {
    const Json* there = resolve(root, path, path.size());
    if (there == nullptr || !same_json(*there, *value)) return cannot(step, "the value that it tests for is another one");
    return {};
  }
  if (op != "move" && op != "copy") return malformed("a step's op is none of add, remove, replace, move, copy and test");
  JOINEDUP_TRY(const auto from, read_pointer(one.find("from")));
  const Json* there = resolve(root, from, from.size());
  if (there == nullptr) return cannot(step, "there is nothing at the place that it takes from");
  if (op == "copy") {
    copied += size_of(*there);
    if (copied > most_copied) return fail(ErrorCode::too_large, "The patch would copy more than 16 MB.");
  }
  Json taken = *there;
  if (op == "move") {
    if (from == path) return {};
    if (is_within(path, from)) return cannot(step, "a value cannot be moved into itself");
    JOINEDUP_CHECK(remove(root, from, step));
  }
  return add(root, path, std::move(taken), step);
}

}  // namespace

Result<std::string> json_patch(std::string_view resource, std::string_view patch, std::size_t most_steps) {
  JOINEDUP_TRY(auto root, Json::parse(resource));
  const auto read = Json::parse(patch);
  if (!read) return malformed("it is no JSON");
  const Json& steps = *read;
  if (!steps.is_list()) return malformed("it is not a list of steps");
  if (steps.items.size() > most_steps) return fail(ErrorCode::too_large, "The patch has more than " + std::to_string(most_steps) + " steps.");
  std::size_t copied = 0;
  for (std::size_t i = 0; i < steps.items.size(); ++i) JOINEDUP_CHECK(apply(root, steps.items[i], i, copied));
  return root.text();
}

}  // namespace joinedup::rest
