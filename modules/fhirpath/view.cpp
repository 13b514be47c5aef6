#include "fhirpath/view.hpp"

#include <algorithm>

#include "fhirpath/cell.hpp"

namespace joinedup::fhirpath {

namespace {
constexpr int deepest = 30;
}

struct Selection {
  enum class Each : std::uint8_t { here, for_each, for_each_or_null, repeat } each = Each::here;
  std::vector<Expression> paths;  // of each; several for repeat
  struct Column {
    Expression path;
    std::size_t index = 0;
  };
  std::vector<Column> columns;
  std::vector<Selection> parts;     // crossed with each other; a union is one of them
  std::vector<Selection> branches;  // of a union: one after the other, over the same columns
  std::size_t first_column = 0, end_column = 0;
};

struct ViewDefinition::Parts {
  std::string name, resource;
  std::vector<ViewColumn> columns;
  std::vector<Expression> where;
  Selection selection;
  std::shared_ptr<const Document> constants_document;
  std::vector<std::pair<std::string, Value>> constants;
};

const std::string& ViewDefinition::name() const { return parts_->name; }
const std::string& ViewDefinition::resource() const { return parts_->resource; }
const std::vector<ViewColumn>& ViewDefinition::columns() const { return parts_->columns; }

// --- reading the definition ---

class ViewParser {
 public:
  explicit ViewParser(const Document& document) : d_(document) {}

  Result<void> run(ViewDefinition::Parts& parts) {
    parts_ = &parts;
    NodeIndex root = d_.root();
    if (d_.kind(root) != NodeKind::object) return wrong("it is not an object");
    JOINEDUP_TRY(auto resource, text(root, "resource"));
    if (!resource) return wrong("it names no resource");
    const Model& model = Model::r4();
    if (model.type(*resource) == unknown_type || model.info(model.type(*resource)).kind != Type::Kind::resource)
      return wrong("FHIR R4 has no resource " + *resource);
    parts.resource = *resource;
    JOINEDUP_TRY(auto name, text(root, "name"));
    parts.name = name.value_or("");
    JOINEDUP_CHECK(constants(root));
    NodeIndex where = d_.find(root, "where");
    if (where != no_node) {
      if (d_.kind(where) != NodeKind::array) return wrong("where is not a list");
      for (NodeIndex one : d_.children(where)) {
        if (d_.kind(one) != NodeKind::object) return wrong("an entry of where is not an object");
        JOINEDUP_TRY(auto path, expression(one, "path"));
        if (!path) return wrong("an entry of where has no path");
        parts.where.push_back(*path);
      }
    }
    NodeIndex select = d_.find(root, "select");
    if (select == no_node || d_.kind(select) != NodeKind::array || d_.node(select).end == select + 1)
      return wrong("it selects nothing");
    JOINEDUP_CHECK(list(select, parts.selection.parts, 0));
    parts.selection.end_column = parts.columns.size();
    for (std::size_t i = 0; i < parts.columns.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (parts.columns[i].name == parts.columns[j].name) return wrong("two columns are named " + parts.columns[i].name);
    return {};
  }

 private:
  static tl::unexpected<Error> wrong(const std::string& why) {
    return fail(ErrorCode::invalid_input, "The ViewDefinition cannot be used: " + why + ".");
  }
  Result<std::optional<std::string>> text(NodeIndex object, std::string_view name) {
    NodeIndex at = d_.find(object, name);
    if (at == no_node) return std::optional<std::string>{};
    if (d_.kind(at) != NodeKind::string) return wrong(std::string(name) + " is not a text");
    return std::optional<std::string>{std::string(d_.text(at))};
  }
  Result<Expression> compiled(const std::string& path) {
    Expression::Options options;
    for (const auto& constant : parts_->constants) options.variables.push_back(constant.first);
    options.variables.emplace_back("rowIndex");
    auto expression = Expression::compile(path, options);
    if (!expression) return fail(expression.error().code, expression.error().sentence, "the path " + path);
    return expression;
  }
  Result<std::optional<Expression>> expression(NodeIndex object, std::string_view name) {
    JOINEDUP_TRY(auto path, text(object, name));
    if (!path) return std::optional<Expression>{};
    JOINEDUP_TRY(auto out, compiled(*path));
    return std::optional<Expression>{out};
  }
  static bool is_name(std::string_view text) {
    if (text.empty() || text.size() > 255) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
  }
  Result<void> constants(NodeIndex root) {
    NodeIndex list_at = d_.find(root, "constant");
    if (list_at == no_node) return {};
    if (d_.kind(list_at) != NodeKind::array) return wrong("constant is not a list");
    const Model& model = Model::r4();
    for (NodeIndex one : d_.children(list_at)) {
      if (d_.kind(one) != NodeKind::object) return wrong("a constant is not an object");
      JOINEDUP_TRY(auto name, text(one, "name"));
      if (!name || !is_name(*name)) return wrong("a constant has no name, or one that is no identifier");
      std::optional<Value> value;
      for (NodeIndex at : d_.children(one)) {
        const auto& variant = model.variant(d_.node(at).name);
        if (variant.base != model.value_name) continue;
        if (value) return wrong("the constant " + *name + " has two values");
        value = Value::of_node(&d_, at, no_node, variant.type);
      }
      if (!value) return wrong("the constant " + *name + " has no value");
      parts_->constants.emplace_back(*name, *value);
    }
    return {};
  }
  Result<void> list(NodeIndex array, std::vector<Selection>& out, int depth) {
    for (NodeIndex one : d_.children(array)) {
      Selection selection;
      JOINEDUP_CHECK(select(one, selection, depth));
      out.push_back(std::move(selection));
    }
    return {};
  }
  Result<void> column(NodeIndex one, Selection& out) {
    if (d_.kind(one) != NodeKind::object) return wrong("a column is not an object");
    JOINEDUP_TRY(auto name, text(one, "name"));
    if (!name || !is_name(*name)) return wrong("a column has no name, or one that is no identifier");
    JOINEDUP_TRY(auto path, expression(one, "path"));
    if (!path) return wrong("the column " + *name + " has no path");
    JOINEDUP_TRY(auto type, text(one, "type"));
    NodeIndex collection = d_.find(one, "collection");
    if (collection != no_node && d_.kind(collection) != NodeKind::boolean)
      return wrong("collection of the column " + *name + " is not true or false");
    out.columns.push_back({*path, parts_->columns.size()});
    parts_->columns.push_back({*name, type.value_or("string"), collection != no_node && d_.text(collection) == "true"});
    return {};
  }
  Result<void> select(NodeIndex at, Selection& out, int depth) {
    if (depth > deepest) return wrong("it is nested too deeply");
    if (d_.kind(at) != NodeKind::object) return wrong("an entry of select is not an object");
    out.first_column = parts_->columns.size();
    int ways = 0;
    for (auto [key, each] : {std::pair{"forEach", Selection::Each::for_each},
                             std::pair{"forEachOrNull", Selection::Each::for_each_or_null}}) {
      JOINEDUP_TRY(auto path, expression(at, key));
      if (!path) continue;
      out.each = each;
      out.paths.push_back(*path);
      ++ways;
    }
    if (NodeIndex repeat = d_.find(at, "repeat"); repeat != no_node) {
      if (d_.kind(repeat) != NodeKind::array) return wrong("repeat is not a list");
      for (NodeIndex one : d_.children(repeat)) {
        if (d_.kind(one) != NodeKind::string) return wrong("an entry of repeat is not a text");
        JOINEDUP_TRY(auto path, compiled(std::string(d_.text(one))));
        out.paths.push_back(path);
      }
      out.each = Selection::Each::repeat;
      ++ways;
    }
    if (ways > 1) return wrong("forEach, forEachOrNull and repeat exclude each other");
    NodeIndex columns = d_.find(at, "column"), nested = d_.find(at, "select"), unions = d_.find(at, "unionAll");
    for (NodeIndex one : {columns, nested, unions})
      if (one != no_node && d_.kind(one) != NodeKind::array) return wrong("column, select or unionAll is not a list");
    if (columns == no_node && nested == no_node && unions == no_node) return wrong("an entry of select has no columns");
    if (columns != no_node)
      for (NodeIndex one : d_.children(columns)) JOINEDUP_CHECK(column(one, out));
    if (nested != no_node) JOINEDUP_CHECK(list(nested, out.parts, depth + 1));
    if (unions != no_node) JOINEDUP_CHECK(union_all(unions, out, depth));
    out.end_column = parts_->columns.size();
    return {};
  }
  // The first branch defines the columns; the others must have the same, in the same order, and are moved onto them.
  Result<void> union_all(NodeIndex unions, Selection& out, int depth) {
    Selection all;
    all.first_column = parts_->columns.size();
    std::vector<ViewColumn> first;
    for (NodeIndex one : d_.children(unions)) {
      std::size_t start = parts_->columns.size();
      Selection branch;
      JOINEDUP_CHECK(select(one, branch, depth + 1));
      std::vector<ViewColumn> own(parts_->columns.begin() + static_cast<std::ptrdiff_t>(start), parts_->columns.end());
      if (all.branches.empty()) {
        first = own;
      } else {
        bool same = own.size() == first.size();
        for (std::size_t i = 0; same && i < own.size(); ++i) same = own[i].name == first[i].name;
        if (!same) return wrong("the branches of a unionAll have different columns");
        parts_->columns.resize(start);
        shift(branch, start - all.first_column);
      }
      all.branches.push_back(std::move(branch));
    }
    if (all.branches.empty()) return wrong("a unionAll is empty");
    all.end_column = parts_->columns.size();
    out.parts.push_back(std::move(all));
    return {};
  }
  static void shift(Selection& s, std::size_t by) {
    for (auto& c : s.columns) c.index -= by;
    s.first_column -= by;
    s.end_column -= by;
    for (auto* inner : {&s.parts, &s.branches})
      for (auto& one : *inner) shift(one, by);
  }

  const Document& d_;
  ViewDefinition::Parts* parts_ = nullptr;
};

Result<ViewDefinition> ViewDefinition::parse(std::string_view json) {
  JOINEDUP_TRY(auto document, parse_document(std::string(json)));
  auto kept = std::make_shared<const Document>(std::move(document));
  auto parts = std::make_shared<Parts>();
  parts->constants_document = kept;
  JOINEDUP_CHECK(ViewParser(*kept).run(*parts));
  ViewDefinition view;
  view.parts_ = std::move(parts);
  return view;
}

// --- running it ---

namespace {

// What to do once a part of the row is filled: without the cost of a std::function.
struct Next {
  void* self;
  bool (*call)(void*);
  bool operator()() const { return call(self); }
};
template <class F>
Next next_of(F& f) {
  return {&f, [](void* self) { return (*static_cast<F*>(self))(); }};
}

}  // namespace

class ViewRun {
 public:
  ViewRun(const ViewDefinition::Parts& parts, Context& context, const RowSink& sink)
      : parts_(parts), context_(context), sink_(sink), row_(parts.columns.size()) {}

  Result<void> run(const Value& resource) {
    Collection found;
    for (const Expression& condition : parts_.where) {
      JOINEDUP_CHECK(condition.evaluate_into(resource, context_, found));
      auto holds = as_boolean(found);
      if (!holds) return fail(holds.error().code, holds.error().sentence, condition.text());
      if (!holds->value_or(false)) return {};
    }
    auto give = [&] {
      sink_(ViewRow(row_.data(), row_.size()));
      return true;
    };
    if (!parts(parts_.selection, 0, resource, next_of(give))) return tl::unexpected<Error>(error_);
    return {};
  }

 private:
  bool selection(const Selection& s, const Value& here, Next next) {
    if (!s.branches.empty()) {
      for (const Selection& branch : s.branches)
        if (!selection(branch, here, next)) return false;
      return true;
    }
    if (s.each == Selection::Each::here) return one(s, here, next);
    Collection items;
    if (s.each == Selection::Each::repeat) {
      if (!repeated(s, here, items, 0)) return false;
    } else if (auto done = s.paths[0].evaluate_into(here, context_, items); !done) {
      error_ = done.error();
      return false;
    }
    if (items.empty() && s.each == Selection::Each::for_each_or_null) {
      for (std::size_t i = s.first_column; i < s.end_column; ++i) row_[i].clear();
      return next();
    }
    for (const Value& item : items)
      if (!one(s, item, next)) return false;
    return true;
  }
  bool repeated(const Selection& s, const Value& here, Collection& out, int depth) {
    if (depth > 200) {
      error_ = Error{ErrorCode::too_large, "A repeat of a ViewDefinition goes deeper than 200 levels.", {}};
      return false;
    }
    for (const Expression& path : s.paths) {
      Collection found;
      if (auto done = path.evaluate_into(here, context_, found); !done) {
        error_ = done.error();
        return false;
      }
      for (const Value& item : found) {
        out.push_back(item);
        if (!repeated(s, item, out, depth + 1)) return false;
      }
    }
    return true;
  }
  bool one(const Selection& s, const Value& here, Next next) {
    for (const auto& column : s.columns) {
      Collection& cell = row_[column.index];
      if (auto done = column.path.evaluate_into(here, context_, cell); !done) {
        error_ = done.error();
        return false;
      }
      const ViewColumn& definition = parts_.columns[column.index];
      if (cell.size() > 1 && !definition.collection) {
        error_ = Error{ErrorCode::invalid_input,
                       "The column " + definition.name + " has several values, and the view does not call it a collection.",
                       column.path.text()};
        return false;
      }
    }
    return parts(s, 0, here, next);
  }
  bool parts(const Selection& s, std::size_t at, const Value& here, Next next) {
    if (at == s.parts.size()) return next();
    auto rest = [&] { return parts(s, at + 1, here, next); };
    return selection(s.parts[at], here, next_of(rest));
  }

  const ViewDefinition::Parts& parts_;
  Context& context_;
  const RowSink& sink_;
  std::vector<Collection> row_;
  Error error_;
};

Result<void> ViewDefinition::run(const Value& resource, Context& context, const RowSink& sink) const {
  if (!resource.is_node() || resource.node() == no_node ||
      resource.document()->resource_type(resource.node()) != parts_->resource)
    return {};
  context.clear();
  for (const auto& [constant, value] : parts_->constants) context.variables.insert_or_assign(constant, Collection(value));
  auto done = ViewRun(*parts_, context, sink).run(resource);
  if (!done && done.error().context.empty()) done.error().context = "the view " + parts_->name;
  return done;
}

// --- cells ---

std::optional<std::string> cell_text(const Collection& cell, const ViewColumn& column) {
  if (!column.collection) {
    if (cell.empty() || (cell[0].is_node() && cell[0].node() == no_node)) return std::nullopt;
    return cell[0].to_text();
  }
  std::string out = "[";
  for (const Value& value : cell) {
    if (out.size() > 1) out += ',';
    out += value.to_json();
  }
  return out + "]";
}

ColumnBatch::ColumnBatch(const ViewDefinition& view) : definition_(view.columns()), columns_(definition_.size()) {}

void ColumnBatch::append(ViewRow row) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const Collection& cell = row[i];
    bool present = definition_[i].collection || !cell.empty();
    if (present) {
      // Elements and texts are copied straight from the document; the rest is rare.
      if (!definition_[i].collection && cell[0].is_node() && cell[0].node() != no_node)
        column.text += cell[0].document()->text(cell[0].node());
      else if (!definition_[i].collection && cell[0].kind() == ValueKind::string)
        column.text += cell[0].string();
      else if (auto text = cell_text(cell, definition_[i]))
        column.text += *text;
      else
        present = false;
    }
    column.ends.push_back(column.text.size());
    column.present.push_back(present);
  }
  ++rows_;
}

std::optional<std::string_view> ColumnBatch::text(std::size_t column, std::size_t row) const {
  const Column& c = columns_[column];
  if (c.present[row] == 0) return std::nullopt;
  std::uint64_t from = row == 0 ? 0 : c.ends[row - 1];
  return std::string_view(c.text).substr(from, c.ends[row] - from);
}

std::size_t ColumnBatch::bytes() const {
  std::size_t sum = 0;
  for (const Column& c : columns_) sum += c.text.size() + c.ends.size() * sizeof(std::uint64_t) + c.present.size();
  return sum;
}

void ColumnBatch::clear() {
  for (Column& c : columns_) {
    c.text.clear();
    c.ends.clear();
    c.present.clear();
  }
  rows_ = 0;
}

}  // namespace joinedup::fhirpath
