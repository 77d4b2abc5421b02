#include "idn/exits/policy_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "idn/core/printable.h"
#include "idn/core/utf8.h"

namespace idn::exits {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMostCount = std::int64_t{1} << 53;  // in Python too: exact as a double
constexpr std::int64_t kMostExits = 10'000;
constexpr std::int64_t kMostClasses = std::int64_t{1} << 31;
constexpr std::size_t kMostWord = 100;
constexpr std::size_t kMostEdges = 9;
constexpr double kPercent = 100.0;
constexpr double kAny = std::numeric_limits<double>::max();

// What is wrong is thrown inside this file alone, and caught in read_policy_file.
struct Refused {
  std::string reason;
};

[[noreturn]] void refuse(const std::string& place, const std::string& reason) {
  throw Refused{place.empty() ? "the whole: " + reason : place + ": " + reason};
}

double number(const Json& json, const std::string& place, double least = -kAny, double most = kAny) {
  if (!json.is_number()) refuse(place, "expected a number");
  const auto value = json.get<double>();
  if (!(value >= least && value <= most)) {
    std::string bounds = "expected a number of at least " + Json(least).dump();
    if (most < kAny) bounds.append(" and at most ").append(Json(most).dump());
    refuse(place, json.dump() + ", " + bounds);
  }
  return value;
}

void share(const Json& json, const std::string& place) {
  const double value = number(json, place);
  if (!(value > 0.0 && value < 1.0)) refuse(place, json.dump() + ", expected a number between 0 and 1");
}

std::int64_t count(const Json& json, const std::string& place, std::int64_t least, std::int64_t most) {
  const bool whole = json.is_number_integer();
  const bool large =
      whole && json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
  if (!whole || large || json.get<std::int64_t>() < least) {
    refuse(place, (json.is_number() ? json.dump() + ", " : std::string()) + "expected a whole number from " +
                      std::to_string(least) + " to " + std::to_string(most));
  }
  return json.get<std::int64_t>();
}

bool flag(const Json& json, const std::string& place) {
  if (!json.is_boolean()) refuse(place, "expected true or false");
  return json.get<bool>();
}

std::string text(const Json& json, const std::string& place) {
  if (!json.is_string()) refuse(place, "expected a text");
  return json.get<std::string>();
}

// Of 1 to 100 characters.
std::string word(const Json& json, const std::string& place) {
  std::string found = text(json, place);
  std::size_t characters = 0;
  for (std::size_t at = 0; at < found.size(); at += std::max<std::size_t>(1, utf8_character(found, at)))
    ++characters;
  if (characters < 1 || characters > kMostWord)
    refuse(place, "has " + std::to_string(characters) + " characters, expected from 1 to 100");
  return found;
}

std::string one_of(const Json& json, const std::string& place, std::initializer_list<const char*> words) {
  std::string found = text(json, place);
  if (std::ranges::find(words, found) != words.end()) return found;
  std::string expected;
  for (const char* one : words) expected.append(expected.empty() ? "" : ", ").append(one);
  refuse(place, in_quotes(found) + " is not one of " + expected);
}

std::string sha256(const Json& json, const std::string& place) {
  std::string found = text(json, place);
  const bool digits = std::ranges::all_of(
      found, [](char one) { return (one >= '0' && one <= '9') || (one >= 'a' && one <= 'f'); });
  if (found.size() != 64 || !digits) refuse(place, "expected 64 hexadecimal digits in lower case");
  return found;
}

// An object all of whose keys are known, and those there that must be.
class Part {
 public:
  Part(const Json& json, std::string place, std::initializer_list<const char*> needed,
       std::initializer_list<const char*> optional = {})
      : json_(json), place_(std::move(place)) {
    if (!json.is_object()) refuse(place_, "expected an object");
    for (const auto& [key, value] : json.items()) {
      const auto is_it = [&key = key](const char* known) { return key == known; };
      if (std::ranges::none_of(needed, is_it) && std::ranges::none_of(optional, is_it))
        refuse(at(printable(key)), "is not a key of a policy file");
    }
    for (const char* key : needed) {
      if (!json.contains(key)) refuse(at(key), "is missing");
    }
  }

  [[nodiscard]] std::string at(const std::string& key) const {
    return place_.empty() ? key : place_ + "." + key;
  }
  [[nodiscard]] const Json& operator[](const char* key) const { return *json_.find(key); }
  [[nodiscard]] bool has(const char* key) const {
    const auto found = json_.find(key);
    return found != json_.end() && !found->is_null();
  }

  // What `read` makes of the value of a key, with its place for messages.
  template <class Read, class... Bounds>
  auto get(const char* key, const Read& read, Bounds... bounds) const {
    return read((*this)[key], at(key), bounds...);
  }

  template <class Read>
  auto list(const char* key, const Read& read) const {
    return list_of((*this)[key], at(key), read);
  }

  template <class Read>
  static auto list_of(const Json& json, const std::string& place, const Read& read) {
    if (!json.is_array()) refuse(place, "expected a list");
    std::vector<decltype(read(json, place))> found;
    for (const Json& one : json) found.push_back(read(one, place + "." + std::to_string(found.size())));
    return found;
  }

 private:
  const Json& json_;
  std::string place_;
};

double any_number(const Json& json, const std::string& place) { return number(json, place); }
double amount(const Json& json, const std::string& place) { return number(json, place, 0.0); }
double percent(const Json& json, const std::string& place) { return number(json, place, 0.0, kPercent); }

std::optional<double> threshold(const Json& json, const std::string& place) {
  return json.is_null() ? std::nullopt : std::optional(number(json, place));
}

Features features(const Json& json, const std::string& place) {
  const auto row = Part::list_of(json, place, any_number);
  Features found{};
  if (row.size() != found.size())
    refuse(place, "has " + std::to_string(row.size()) + " numbers, expected " + std::to_string(found.size()));
  std::ranges::copy(row, found.begin());
  return found;
}

std::vector<LearnedScore> learned(const Json& json, const std::string& place) {
  const Part part(json, place, {"means", "deviations", "weights", "intercepts"});
  const auto intercepts = part.list("intercepts", any_number);
  std::vector<LearnedScore> found(intercepts.size());
  for (std::size_t k = 0; k < found.size(); ++k) found[k].intercept = intercepts[k];
  const auto fill = [&](const char* key, Features LearnedScore::*member) {
    const auto rows = part.list(key, features);
    if (rows.size() != found.size()) {
      refuse(part.at(key), "is of " + std::to_string(rows.size()) + " exits, intercepts of " +
                               std::to_string(found.size()));
    }
    for (std::size_t k = 0; k < rows.size(); ++k) found[k].*member = rows[k];
  };
  fill("means", &LearnedScore::mean);
  fill("deviations", &LearnedScore::deviation);
  fill("weights", &LearnedScore::weight);
  return found;
}

void check_length(const std::string& place, std::size_t found, std::size_t least, std::size_t most) {
  if (found >= least && found <= most) return;
  std::string expected = std::to_string(least);
  if (least != most) expected.append(" to ").append(std::to_string(most));
  refuse(place, "has " + std::to_string(found) + " entries, expected " + expected + " for the exits");
}

Policy policy(const Json& json, std::vector<std::optional<double>> thresholds) {
  const std::string place = "criterion";
  if (!json.is_object() || !json.contains("name")) refuse(place, "expected an object with a name");
  const std::string name = one_of(json["name"], place + ".name",
                                  {"confidence", "margin", "entropy", "patience", "vote", "learned"});
  Policy made{.thresholds = std::move(thresholds)};
  const std::size_t exits = made.exits();
  if (name == "patience" || name == "vote") {
    const Part part(json, place, {"name"});
    made.criterion = name == "vote" ? Criterion::kVote : Criterion::kPatience;
  } else if (name == "learned") {
    const Part part(json, place, {"name", "parameters"});
    made.criterion = Criterion::kLearned;
    made.learned = part.get("parameters", learned);
    check_length(part.at("parameters"), made.learned.size(), exits - 1, exits);
  } else {
    const bool entropy = name == "entropy";
    const Part part = entropy ? Part(json, place, {"name", "temperature", "normalized"})
                              : Part(json, place, {"name", "temperature"});
    made.criterion = name == "margin" ? Criterion::kMargin : Criterion::kConfidence;
    if (entropy) {
      made.criterion = part.get("normalized", flag) ? Criterion::kNormalizedEntropy : Criterion::kEntropyNats;
    }
    if (part["temperature"].is_array()) {
      made.temperatures = part.list("temperature", any_number);
      check_length(part.at("temperature"), made.temperatures.size(), exits - 1, exits);
    } else {
      made.temperatures.assign(exits, part.get("temperature", any_number));
    }
  }
  try {
    check_policy(made);
  } catch (const std::invalid_argument& error) {
    refuse(place, error.what());
  }
  return made;
}

std::string asked(const Json& json) {
  const std::string place = "asked";
  if (!json.is_object() || !json.contains("for")) refuse(place, "expected an object with a 'for'");
  std::string wanted = one_of(json["for"], place + ".for", {"max_drop", "budget", "accuracy", "risk"});
  if (wanted == "max_drop") (void)Part(json, place, {"for", "points"}).get("points", percent);
  if (wanted == "budget") (void)Part(json, place, {"for", "at_most"}).get("at_most", amount);
  if (wanted == "accuracy") (void)Part(json, place, {"for", "at_least"}).get("at_least", amount);
  if (wanted != "risk") return wanted;
  const Part part(json, place, {"for", "epsilon", "delta", "bound", "seed"});
  part.get("epsilon", share);
  part.get("delta", share);
  (void)one_of(part["bound"], part.at("bound"), {"clopper_pearson", "hoeffding_bentkus"});
  (void)count(part["seed"], part.at("seed"), 0, std::numeric_limits<std::int64_t>::max());
  return wanted;
}

void check_risk(const Json& json) {
  const Part part(json, "risk", {"samples", "measured_loss", "mean_cost", "tested", "passed"},
                  {"saving_epsilon"});
  (void)count(part["samples"], part.at("samples"), 1, kMostCount);
  (void)part.get("measured_loss", any_number);
  (void)part.get("mean_cost", amount);
  (void)count(part["tested"], part.at("tested"), 0, kMostCount);
  (void)count(part["passed"], part.at("passed"), 0, kMostCount);
  if (part.has("saving_epsilon")) part.get("saving_epsilon", share);
}

double probability(const Json& json, const std::string& place) { return number(json, place, 0.0, 1.0); }

std::int64_t any_count(const Json& json, const std::string& place) {
  return count(json, place, 0, kMostCount);
}

// How sure the samples are that leave at an exit, which idn.exits.detect_drift in Python looks at.
bool check_confidences(const Json& json, const std::string& place) {
  const Part part(json, place, {"edges", "counts"}, {"median"});
  if (part.has("median")) (void)part.get("median", probability);
  const auto edges = part.list("edges", probability);
  const auto counts = part.list("counts", any_count);
  if (edges.size() > kMostEdges || counts.size() != edges.size() + 1)
    refuse(place, "expected up to 9 edges, and one count more than edges");
  if (std::ranges::adjacent_find(edges, std::greater_equal()) != edges.end())
    refuse(part.at("edges"), "expected numbers that ascend");
  return true;
}

PolicyValidation validation(const Json& json, const std::string& place) {
  const Part part(json, place, {"sha256", "samples", "accuracy", "full_accuracy", "exit_rates", "mean_cost"},
                  {"confidences"});
  if (part.has("confidences")) {
    const std::size_t exits = part.list("confidences", check_confidences).size();
    check_length(part.at("confidences"), exits, part["exit_rates"].size(), part["exit_rates"].size());
  }
  return {.sha256 = part.get("sha256", sha256),
          .samples = count(part["samples"], part.at("samples"), 1, kMostCount),
          .accuracy = part.get("accuracy", percent),
          .full_accuracy = part.get("full_accuracy", percent),
          .exit_rates = part.list("exit_rates", percent),
          .mean_cost = part.get("mean_cost", amount)};
}

PolicyFile policy_file(const Json& json) {
  const Part part(json, "",
                  {"idn", "criterion", "thresholds", "exits", "classes", "weights_sha256", "asked",
                   "cost_unit", "costs", "validation"},
                  {"idn_policy", "risk"});
  if (json.contains("idn_policy")) {
    const std::int64_t version = count(part["idn_policy"], "idn_policy", 0, kMostCount);
    if (version != 1) {
      refuse("idn_policy", "version " + std::to_string(version) +
                               " of the format is not known, only 1; a newer idn reads it");
    }
  }
  const auto exits = static_cast<std::size_t>(count(part["exits"], "exits", 1, kMostExits));
  auto thresholds = part.list("thresholds", threshold);
  check_length("thresholds", thresholds.size(), exits - 1, exits - 1);
  PolicyFile made{.idn = part.get("idn", word),
                  .policy = policy(part["criterion"], std::move(thresholds)),
                  .classes = count(part["classes"], "classes", 2, kMostClasses),
                  .weights_sha256 = part.get("weights_sha256", sha256),
                  .asked = asked(part["asked"]),
                  .cost_unit = part.get("cost_unit", word),
                  .costs = part.list("costs", amount),
                  .validation = part.get("validation", validation)};
  check_length("costs", made.costs.size(), exits, exits);
  check_length("validation.exit_rates", made.validation.exit_rates.size(), exits, exits);
  if (part.has("risk")) {
    check_risk(part["risk"]);
    if (made.asked != "risk") refuse("risk", "is of a promise only, but asked is for " + made.asked);
  }
  return made;
}

Json parsed(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of each object that is open
  return Json::parse(text, [&keys](int /*depth*/, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      refuse(printable(value.get<std::string>()), "is there twice");
    return true;
  });
}

}  // namespace

std::string PolicyFile::misfit(std::string_view weights, std::size_t exits, std::int64_t its_classes) const {
  std::string said;
  if (exits != policy.exits()) {
    said = "it is for " + std::to_string(policy.exits()) + " exits, the network has " + std::to_string(exits);
  } else if (its_classes != classes) {
    said =
        "it is for " + std::to_string(classes) + " classes, the network has " + std::to_string(its_classes);
  } else if (weights != weights_sha256) {
    said = "its weights_sha256 is " + weights_sha256 + ", the network's is " + printable(weights);
  } else {
    return said;
  }
  return "this policy is of another network: " + said +
         ". Its thresholds mean nothing there; make one for that network.";
}

Result<PolicyFile> read_policy_file(std::string_view text) {
  if (text.size() > kMostPolicyBytes) {
    return Problem{kMostPolicyBytes,
                   "it is larger than " + std::to_string(kMostPolicyBytes) + " bytes; a policy file is not"};
  }
  if (text.starts_with("\xEF\xBB\xBF"))
    return Problem{0, "it begins with a byte order mark, which JSON has not"};
  try {
    return policy_file(parsed(text));
  } catch (const Json::parse_error& error) {
    return Problem{error.byte == 0 ? 0 : error.byte - 1, "it is no JSON"};
  } catch (const Json::exception&) {
    return Problem{0, "it holds a number out of range"};
  } catch (const Refused& refused) {
    return Problem{0, refused.reason};
  }
}

}  // namespace idn::exits
