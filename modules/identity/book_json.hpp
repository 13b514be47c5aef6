// Accounts, apps and tokens as the text that the file keeps. Inside this room only.
#pragma once
#include <string>

#include "identity/book.hpp"

namespace joinedup::identity {

std::string account_text(const Stored& account);
Result<Stored> read_account(const std::string& text);
std::string ticket_text(const Ticket& ticket);
Result<std::shared_ptr<Ticket>> read_ticket(const std::string& text);
const char* kind_name(access::Subject::Kind kind);
std::optional<access::Subject::Kind> kind_of(std::string_view name);
const char* client_kind_name(Client::Kind kind);

}  // namespace joinedup::identity
