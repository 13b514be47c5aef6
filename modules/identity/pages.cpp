#include "identity/pages.hpp"

#include "base/text.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

namespace {

constexpr std::string_view style =
    "*{box-sizing:border-box}body{margin:0;font:19px/1.5 Arial,sans-serif;color:#212b32;background:#f0f4f5}"
    "header{background:#005eb8;color:#fff;padding:12px 16px}header p{margin:0 auto;max-width:960px;font-weight:700;font-size:24px}"
    "main{max-width:960px;margin:0 auto;padding:24px 16px}h1{font-size:36px;line-height:1.2;margin:0 0 24px}h2{font-size:24px;margin:0 0 12px}"
    "label{display:block;font-weight:600;margin-bottom:4px}.hint{color:#4c6272;margin:0 0 4px}.field{margin-bottom:24px}"
    "input{font:inherit;width:100%;max-width:23em;padding:6px 8px;border:2px solid #4c6272;border-radius:0;min-height:44px;background:#fff}"
    "input:focus,a:focus,button:focus,.button:focus{outline:4px solid #ffeb3b;outline-offset:0;box-shadow:inset 0 0 0 4px #212b32}"
    ".bad{border-left:4px solid #d5281b;padding-left:16px}.bad input{border-color:#d5281b}.fault{color:#d5281b;font-weight:600;margin:0 0 4px}"
    ".summary{border:4px solid #d5281b;padding:16px;margin-bottom:24px;background:#fff}.summary ul{list-style:none;margin:0;padding:0}.summary a{color:#d5281b;font-weight:600}"
    "button,.button{display:inline-block;font:inherit;font-weight:600;background:#007f3b;color:#fff;border:0;border-radius:4px;box-shadow:0 4px 0 #00401e;padding:12px 16px;cursor:pointer;text-decoration:none;margin:0 12px 16px 0}"
    ".second{background:#4c6272;box-shadow:0 4px 0 #263139}code,.codes{font:600 20px/1.6 monospace;overflow-wrap:anywhere}a{color:#005eb8}";

const std::string& style_hash() {
  static const std::string hash = [] {
    const auto digest = fingerprint(style);
    return base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }();
  return hash;
}

}  // namespace

std::string hidden(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\" name=\"" + html_text(name) + "\" value=\"" + html_text(value) + "\">";
}

std::string faults_html(const std::vector<Fault>& faults) {
  if (faults.empty()) return {};
  std::string out = "<div class=\"summary\" role=\"alert\" aria-labelledby=\"summary-title\" tabindex=\"-1\"><h2 id=\"summary-title\">There is a problem</h2><ul>";
  for (const auto& fault : faults)
    out += fault.field.empty() ? "<li>" + html_text(fault.sentence) + "</li>" : "<li><a href=\"#" + html_text(fault.field) + "\">" + html_text(fault.sentence) + "</a></li>";
  return out += "</ul></div>";
}

std::string field_html(const Field& field, const std::vector<Fault>& faults) {
  const Fault* wrong = nullptr;
  for (const auto& fault : faults)
    if (fault.field == field.id) wrong = &fault;
  std::string described, out = wrong != nullptr ? "<div class=\"field bad\">" : "<div class=\"field\">";
  out += "<label for=\"" + field.id + "\">" + html_text(field.label) + "</label>";
  if (!field.hint.empty()) {
    out += "<p class=\"hint\" id=\"" + field.id + "-hint\">" + html_text(field.hint) + "</p>";
    described = field.id + "-hint";
  }
  if (wrong != nullptr) {
    out += "<p class=\"fault\" id=\"" + field.id + "-fault\">Error: " + html_text(wrong->sentence) + "</p>";
    described += (described.empty() ? "" : " ") + field.id + "-fault";
  }
  out += "<input id=\"" + field.id + "\" name=\"" + field.id + "\" type=\"" + field.type + "\" autocomplete=\"" + field.autocomplete + "\" spellcheck=\"false\"";
  if (!field.value.empty()) out += " value=\"" + html_text(field.value) + "\"";
  if (!described.empty()) out += " aria-describedby=\"" + described + "\"";
  if (wrong != nullptr) out += " aria-invalid=\"true\"";
  return out += "></div>";
}

void add_security_headers(rest::Response& response, const std::string& form_targets) {
  response.headers.push_back({"Cache-Control", "no-store"});
  response.headers.push_back({"Referrer-Policy", "no-referrer"});
  response.headers.push_back({"X-Frame-Options", "DENY"});
  response.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  response.headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
  response.headers.push_back({"Content-Security-Policy", "default-src 'none'; style-src 'sha256-" + style_hash() + "'; form-action 'self'" + (form_targets.empty() ? "" : " " + form_targets) +
                                                             "; frame-ancestors 'none'; base-uri 'none'"});
}

rest::Response page(int status, const std::string& title, const std::string& main, const std::string& form_targets) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", "text/html; charset=utf-8"});
  add_security_headers(out, form_targets);
  out.body = "<!DOCTYPE html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" + html_text(title) +
             " – Joinedup</title><style>" + std::string(style) + "</style></head><body><header><p>Joinedup</p></header><main><h1>" + html_text(title) + "</h1>" + main + "</main></body></html>\n";
  return out;
}

rest::Response send_to(const std::string& where) {
  rest::Response out;
  out.status = 303;
  out.headers.push_back({"Location", where});
  add_security_headers(out);
  return out;
}

rest::Response json_answer(int status, std::string body) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", "application/json"});
  out.headers.push_back({"Pragma", "no-cache"});
  add_security_headers(out);
  out.body = std::move(body);
  return out;
}

}  // namespace joinedup::identity
