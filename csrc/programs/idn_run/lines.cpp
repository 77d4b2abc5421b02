#include "programs/idn_run/lines.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "idn/core/printable.h"

namespace idn_run {
namespace {

using Json = nlohmann::ordered_json;

// In ASCII, so that no name of a package steers the terminal it is printed on.
std::string dumped(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char character : text) {
    if (character == '"') out += '"';
    out += character;
  }
  return out += '"';
}

std::string decimal(double value, const char* format) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace

std::string Line::text() const {
  const auto label = static_cast<std::size_t>(answers.labels[index]);
  std::string line = classes.empty() ? std::to_string(label) : idn::printable(classes[label]);
  line.append("\t").append(decimal(answers.confidences[index], "%.4f")).append("\t");
  return line.append(idn::printable(exits[static_cast<std::size_t>(answers.exits[index])])).append("\n");
}

std::string Line::json() const {
  const auto label = static_cast<std::size_t>(answers.labels[index]);
  Json json{{"sample", sample}, {"label", label}};
  if (!classes.empty()) json["class"] = classes[label];
  json["confidence"] = answers.confidences[index];
  json["exit"] = answers.exits[index];
  json["exit_name"] = exits[static_cast<std::size_t>(answers.exits[index])];
  json["operations"] = answers.operations[index];
  return dumped(json) + "\n";
}

std::string csv_header() { return "sample,label,class,confidence,exit,exit_name,operations\n"; }

std::string Line::csv() const {
  const auto label = static_cast<std::size_t>(answers.labels[index]);
  std::string row = std::to_string(sample) + "," + std::to_string(label) + ",";
  if (!classes.empty()) row += quoted(classes[label]);
  row.append(",").append(decimal(answers.confidences[index], "%.17g")).append(",");
  row.append(std::to_string(answers.exits[index])).append(",");
  row.append(quoted(exits[static_cast<std::size_t>(answers.exits[index])])).append(",");
  return row.append(std::to_string(answers.operations[index])).append("\n");
}

std::string json_columns(const std::vector<std::string>& classes, const std::vector<std::string>& exits,
                         const idn_torch::Answers& answers, std::int64_t first) {
  const Json json{{"first", first},
                  {"classes", classes},
                  {"exit_names", exits},
                  {"labels", answers.labels},
                  {"confidences", answers.confidences},
                  {"exits", answers.exits},
                  {"operations", answers.operations}};
  return dumped(json) + "\n";
}

}  // namespace idn_run
