#include "idn/exits/threshold_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>

namespace idn::exits {
namespace {

constexpr std::uint32_t kNever =
    0;  // candidate 0 of every exit lets nobody out; candidate c the first c groups

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

// The scores of one exit, as the candidate from which on each sample leaves there.
struct Exit {
  std::vector<double> thresholds;          // of candidate c + 1
  std::vector<std::uint32_t> leaves_from;  // per sample, the first candidate that lets it out
  std::vector<std::uint32_t> order;        // samples, the first to leave first
};

Exit exit_of(const ThresholdSearchData& data, std::size_t index, std::size_t candidates) {
  const auto scores = data.scores.subspan(index * data.samples, data.samples);
  const double sign = data.leaves_at_or_above ? -1.0 : 1.0;
  Exit exit;
  exit.order.resize(data.samples);
  std::iota(exit.order.begin(), exit.order.end(), 0U);
  std::stable_sort(exit.order.begin(), exit.order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return sign * scores[a] < sign * scores[b]; });
  if (candidates == 0 || candidates >= data.samples) {
    for (const std::uint32_t sample : exit.order) {
      if (exit.thresholds.empty() || exit.thresholds.back() != scores[sample]) {
        exit.thresholds.push_back(scores[sample]);
      }
    }
  } else {
    for (std::size_t c = 0; c < candidates; ++c) {
      const std::size_t place =
          candidates == 1 ? data.samples / 2 : c * (data.samples - 1) / (candidates - 1);
      const double quantile = scores[exit.order[place]];
      if (exit.thresholds.empty() || exit.thresholds.back() != quantile) exit.thresholds.push_back(quantile);
    }
  }
  exit.leaves_from.resize(data.samples);
  std::uint32_t candidate = 1;
  for (const std::uint32_t sample : exit.order) {
    while (candidate <= exit.thresholds.size() &&
           sign * scores[sample] > sign * exit.thresholds[candidate - 1]) {
      ++candidate;
    }
    exit.leaves_from[sample] = candidate;  // beyond the last candidate: it never leaves here
  }
  return exit;
}

// The cheapest choice for each number of right answers.
class Front {
 public:
  Front(std::size_t samples, std::size_t early)
      : early_(early),
        cost_(samples + 1, std::numeric_limits<double>::infinity()),
        choice_((samples + 1) * early) {}

  void offer(std::size_t correct, double cost, std::span<const std::uint32_t> outer, std::uint32_t last) {
    if (cost >= cost_[correct]) return;
    cost_[correct] = cost;
    const auto place = choice_.begin() + static_cast<std::ptrdiff_t>(correct * early_);
    if (early_ > 0) *std::copy(outer.begin(), outer.end(), place) = last;
  }

  [[nodiscard]] std::vector<ThresholdPoint> points(const std::vector<Exit>& exits) const {
    std::vector<ThresholdPoint> found;
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t correct = cost_.size(); correct-- > 0;) {
      if (cost_[correct] >= best) continue;
      best = cost_[correct];
      ThresholdPoint point{.thresholds = {}, .correct = correct, .cost = best};
      for (std::size_t k = 0; k < early_; ++k) {
        const std::uint32_t candidate = choice_[correct * early_ + k];
        point.thresholds.push_back(candidate == kNever ? std::nullopt
                                                       : std::optional(exits[k].thresholds[candidate - 1]));
      }
      found.push_back(std::move(point));
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

 private:
  std::size_t early_;
  std::vector<double> cost_;
  std::vector<std::uint32_t> choice_;
};

class Search {
 public:
  Search(const ThresholdSearchData& data, std::vector<Exit> exits)
      : data_(data), exits_(std::move(exits)), front_(data.samples, exits_.size()), chosen_(exits_.size()) {}

  std::vector<ThresholdPoint> run() {
    State all;
    all.correct = count(data_.exits - 1);
    all.cost = static_cast<double>(data_.samples) * data_.cost.back();
    const std::size_t early = exits_.size();
    if (early == 0) {
      front_.offer(all.correct, all.cost, {}, kNever);
    } else {
      std::vector<std::uint32_t> everyone(data_.samples);
      std::iota(everyone.begin(), everyone.end(), 0U);
      descend(0, everyone, all);
    }
    return front_.points(exits_);
  }

 private:
  // What the choices so far come to, everybody else going to the last exit.
  struct State {
    std::size_t correct = 0;
    double cost = 0.0;
  };

  // A sample still there at the last two early exits, in the order of the last one.
  struct Row {
    std::uint32_t leaves_before;  // the candidate of the exit before from which on it leaves there
    std::uint32_t candidate;      // that of the last early exit
    std::int32_t gain;            // right answers won by leaving at the last early exit
  };

  [[nodiscard]] std::size_t count(std::size_t exit) const {
    const auto right = data_.correct.subspan(exit * data_.samples, data_.samples);
    return std::accumulate(right.begin(), right.end(), std::size_t{0});
  }

  [[nodiscard]] std::int32_t gain(std::size_t exit, std::uint32_t sample) const {
    return std::int32_t{data_.correct[exit * data_.samples + sample]} -
           std::int32_t{data_.correct[(data_.exits - 1) * data_.samples + sample]};
  }

  [[nodiscard]] double saving(std::size_t exit) const { return data_.cost[exit] - data_.cost.back(); }

  void leave(State& state, std::size_t exit, std::uint32_t sample) const {
    state.correct = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(state.correct) + gain(exit, sample));
    state.cost += saving(exit);
  }

  // Tries all candidates of `level` and of the exits after it, for the samples that are still there.
  void descend(std::size_t level, const std::vector<std::uint32_t>& there, State state) {
    if (level + 2 >= exits_.size()) {
      sweep_last_two(there, state);
      return;
    }
    const Exit& exit = exits_[level];
    for (std::uint32_t candidate = kNever; candidate <= exit.thresholds.size(); ++candidate) {
      State here = state;
      std::vector<std::uint32_t> rest;
      for (const std::uint32_t sample : there) {
        if (exit.leaves_from[sample] > candidate) {
          rest.push_back(sample);
        } else {
          leave(here, level, sample);
        }
      }
      chosen_[level] = candidate;
      descend(level + 1, rest, here);
    }
  }

  // The inner loops: each candidate of the exit before the last early one drops the rows that leave there,
  // and one pass over the rest gives the outcome of every candidate of the last early exit.
  void sweep_last_two(const std::vector<std::uint32_t>& there, State state) {
    const std::size_t early = exits_.size();
    const Exit& last = exits_[early - 1];
    const Exit* before = early >= 2 ? &exits_[early - 2] : nullptr;
    std::vector<bool> is_there(data_.samples);
    for (const std::uint32_t sample : there) is_there[sample] = true;
    std::vector<Row> rows;
    rows.reserve(there.size());
    for (const std::uint32_t sample : last.order) {
      if (!is_there[sample]) continue;
      const std::uint32_t leaves_before = before == nullptr ? 1 : before->leaves_from[sample];
      rows.push_back({leaves_before, last.leaves_from[sample], gain(early - 1, sample)});
    }
    if (before == nullptr) {
      sweep(rows, kNever, state);
      return;
    }
    std::size_t next = 0;
    for (std::uint32_t candidate = kNever; candidate <= before->thresholds.size(); ++candidate) {
      while (next < before->order.size() && before->leaves_from[before->order[next]] <= candidate) {
        const std::uint32_t sample = before->order[next++];
        if (is_there[sample]) leave(state, early - 2, sample);
      }
      chosen_[early - 2] = candidate;
      sweep(rows, candidate, state);
    }
  }

  void sweep(std::vector<Row>& rows, std::uint32_t candidate_before, const State& state) {
    const std::size_t early = exits_.size();
    const std::span<const std::uint32_t> outer(chosen_.data(), early - 1);
    const double saved = saving(early - 1);
    auto correct = static_cast<std::ptrdiff_t>(state.correct);
    double cost = state.cost;
    std::uint32_t candidate = kNever;
    std::size_t kept = 0;
    for (const Row row : rows) {
      if (row.leaves_before <= candidate_before) continue;
      rows[kept++] = row;
      if (row.candidate != candidate) {
        // All that share the candidates before this one have left: that is a choice.
        front_.offer(static_cast<std::size_t>(correct), cost, outer, candidate);
        candidate = row.candidate;
      }
      correct += row.gain;
      cost += saved;
    }
    rows.resize(kept);
    if (candidate <= exits_.back().thresholds.size()) {
      front_.offer(static_cast<std::size_t>(correct), cost, outer, candidate);
    }
  }

  const ThresholdSearchData& data_;
  std::vector<Exit> exits_;
  Front front_;
  std::vector<std::uint32_t> chosen_;
};

}  // namespace

void check(const ThresholdSearchData& data) {
  if (data.exits == 0) refuse("threshold search: there is no exit.");
  if (data.samples == 0) refuse("threshold search: there is no sample.");
  if (data.samples > std::numeric_limits<std::uint32_t>::max() / 2)
    refuse("threshold search: too many samples.");
  const auto expect = [](const char* name, std::size_t found, std::size_t expected) {
    if (found == expected) return;
    std::ostringstream message;
    message << "threshold search: " << name << " has " << found << " entries, expected " << expected << ".";
    refuse(message.str());
  };
  expect("scores", data.scores.size(), (data.exits - 1) * data.samples);
  expect("correct", data.correct.size(), data.exits * data.samples);
  expect("cost", data.cost.size(), data.exits);
  for (std::size_t i = 0; i < data.scores.size(); ++i) {
    if (std::isfinite(data.scores[i])) continue;
    std::ostringstream message;
    message << "threshold search: the score of exit " << i / data.samples + 1 << " for sample "
            << i % data.samples << " is " << data.scores[i] << ", expected a finite number.";
    refuse(message.str());
  }
  for (const double cost : data.cost) {
    if (!(cost >= 0.0 && std::isfinite(cost))) {
      std::ostringstream message;
      message << "threshold search: a cost is " << cost << ", expected a finite number that is not negative.";
      refuse(message.str());
    }
  }
}

std::vector<ThresholdPoint> pareto_front(const ThresholdSearchData& data, std::size_t candidates_per_exit,
                                         double most_steps) {
  check(data);
  const std::size_t early = data.exits - 1;
  std::vector<Exit> exits;
  auto steps = static_cast<double>(data.samples);
  for (std::size_t k = 0; k < early; ++k) {
    exits.push_back(exit_of(data, k, k + 2 < early ? candidates_per_exit : 0));
    if (k + 1 < early) steps *= static_cast<double>(exits.back().thresholds.size() + 1);
  }
  if (steps > most_steps) {
    std::ostringstream message;
    message << "threshold search: " << data.samples << " samples and " << early << " early exits take "
            << steps << " steps, more than " << most_steps << "; search with fewer candidates per exit"
            << (early > 2 ? "." : " or fewer samples.");
    refuse(message.str());
  }
  return Search(data, std::move(exits)).run();
}

}  // namespace idn::exits
