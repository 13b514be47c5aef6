// Links inside the text of a resource, found and replaced with every other byte kept. Inside this room only.
//
//   JOINEDUP_TRY(auto text, replace_links(resource, [&](LinkPlace place, std::string_view link) -> Result<std::optional<std::string>> {
//     return known.contains(link) ? std::optional(known.at(link)) : std::nullopt;    // nothing: leave it
//   }));
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup::rest {

// A Reference's `reference`; an element of type uri, url, oid or uuid; an <a href> or <img src> of the narrative.
enum class LinkPlace : std::uint8_t { reference, address, narrative };

using ReplaceLink = std::function<Result<std::optional<std::string>>(LinkPlace place, std::string_view link)>;

// `text` is JSON that has been read without fault.
Result<std::string> replace_links(std::string_view text, const ReplaceLink& replace);

}  // namespace joinedup::rest
