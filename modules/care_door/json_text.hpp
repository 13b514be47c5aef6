// JSON written straight into a string, without a tree: tens of thousands of resources are made in a refresh. This room only.
//
//   std::string text;
//   JsonText json(text);
//   json.begin();                          // {
//   json.text("resourceType", "Patient");  // left out where the value is empty
//   json.array("name").begin().text("family", "Shah").end().end_array();
//   json.end();                            // }
#pragma once
#include <string>
#include <string_view>

namespace joinedup::care_door {

class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}
  JsonText& begin() {
    comma();
    out_ += '{';
    fresh_ = true;
    return *this;
  }
  JsonText& end() { return close('}'); }
  JsonText& object(std::string_view name) {
    key(name);
    out_ += '{';
    fresh_ = true;
    return *this;
  }
  JsonText& array(std::string_view name) {
    key(name);
    out_ += '[';
    fresh_ = true;
    return *this;
  }
  JsonText& end_array() { return close(']'); }
  JsonText& text(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    key(name);
    quote(value);
    return *this;
  }
  JsonText& item(std::string_view value) {
    comma();
    quote(value);
    return *this;
  }
  JsonText& literal(std::string_view name, std::string_view value) {  // true, false, a number
    key(name);
    out_ += value;
    return *this;
  }
  JsonText& reference(std::string_view name, std::string_view type, std::string_view id) {
    key(name);
    return reference_object(type, id);
  }
  JsonText& reference_item(std::string_view type, std::string_view id) {
    comma();
    return reference_object(type, id);
  }
  // {"coding":[{"system":…,"code":…,"display":…}],"text":…}; what is empty is left out.
  JsonText& concept_of(std::string_view name, std::string_view system, std::string_view code, std::string_view display, std::string_view words = {}) {
    key(name);
    return concept_object(system, code, display, words);
  }
  JsonText& concept_item(std::string_view system, std::string_view code, std::string_view display, std::string_view words = {}) {
    comma();
    return concept_object(system, code, display, words);
  }

 private:
  void comma() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  void key(std::string_view name) {
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  JsonText& close(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  JsonText& reference_object(std::string_view type, std::string_view id) {
    out_.append("{\"reference\":\"").append(type).append("/").append(id).append("\"}");
    return *this;
  }
  JsonText& concept_object(std::string_view system, std::string_view code, std::string_view display, std::string_view words) {
    out_ += '{';
    fresh_ = true;
    if (!code.empty()) array("coding").begin().text("system", system).text("code", code).text("display", display).end().end_array();
    text("text", words);
    return end();
  }
  void quote(std::string_view value);

  std::string& out_;
  bool fresh_ = true;
};

}  // namespace joinedup::care_door
