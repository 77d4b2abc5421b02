#include "idn/exits/threshold_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace idn::exits {
namespace {

using Counts = std::vector<std::uint32_t>;

// The thresholds of one exit from the strictest to the loosest, as what the sign makes of them: a sample
// leaves where sign * score is at or below. Never comes first, below every score.
struct Axis {
  std::vector<double> limits;
  std::vector<std::size_t> place;  // of limit c in the order given
};

Axis axis_of(std::span<const std::optional<double>> thresholds, double sign, std::size_t exit) {
  std::ostringstream message;
  if (thresholds.empty()) {
    message << "threshold grid: exit " << exit + 1 << " has no thresholds; give at least one, or never.";
    throw std::invalid_argument(message.str());
  }
  std::vector<double> limits;
  for (const auto& threshold : thresholds) {
    if (threshold && std::isnan(*threshold)) {
      message << "threshold grid: a threshold of exit " << exit + 1 << " is NaN, expected a number or never.";
      throw std::invalid_argument(message.str());
    }
    limits.push_back(threshold ? sign * *threshold : -std::numeric_limits<double>::infinity());
  }
  Axis axis;
  axis.place.resize(limits.size());
  std::iota(axis.place.begin(), axis.place.end(), std::size_t{0});
  std::stable_sort(axis.place.begin(), axis.place.end(),
                   [&](std::size_t a, std::size_t b) { return limits[a] < limits[b]; });
  for (const std::size_t place : axis.place) axis.limits.push_back(limits[place]);
  return axis;
}

// Counts of samples by the first limit they pass at each of the exits so far, with one more place for those
// that pass none, the last exit fastest.
class Box {
 public:
  Box(std::span<const Axis> axes, const std::vector<Counts>& passes, std::span<const std::uint8_t> counted)
      : axes_(axes), counts_(size(axes)) {
    for (std::size_t i = 0; i < counted.size(); ++i) {
      std::size_t cell = 0;
      for (std::size_t k = 0; k < axes.size(); ++k) cell = cell * (axes[k].limits.size() + 1) + passes[k][i];
      counts_[cell] += counted[i];
    }
  }

  // Along one exit: at limit c, the sum over those that pass at c or before.
  void leave_at(std::size_t exit) {
    along(exit, [](std::uint32_t* first, std::size_t places, std::size_t step) {
      for (std::size_t c = 1; c < places; ++c) {
        for (std::size_t i = 0; i < step; ++i) first[c * step + i] += first[(c - 1) * step + i];
      }
    });
  }

  // Along one exit: at limit c, the sum over those that pass after c or not at all.
  void stay_at(std::size_t exit) {
    along(exit, [](std::uint32_t* first, std::size_t places, std::size_t step) {
      for (std::size_t c = places - 1; c-- > 0;) {
        for (std::size_t i = 0; i < step; ++i) first[c * step + i] += first[(c + 1) * step + i];
      }
      for (std::size_t c = 0; c + 1 < places; ++c) {
        for (std::size_t i = 0; i < step; ++i) first[c * step + i] = first[(c + 1) * step + i];
      }
    });
  }

  [[nodiscard]] std::uint32_t at(std::span<const std::size_t> limit) const {
    std::size_t cell = 0;
    for (std::size_t k = 0; k < axes_.size(); ++k) cell = cell * (axes_[k].limits.size() + 1) + limit[k];
    return counts_[cell];
  }

 private:
  static std::size_t size(std::span<const Axis> axes) {
    std::size_t cells = 1;
    for (const Axis& axis : axes) cells *= axis.limits.size() + 1;
    return cells;
  }

  template <typename Sum>
  void along(std::size_t exit, Sum sum) {
    const std::size_t places = axes_[exit].limits.size() + 1;
    const std::size_t step = size(axes_.subspan(exit + 1));
    for (std::size_t first = 0; first < counts_.size(); first += places * step)
      sum(counts_.data() + first, places, step);
  }

  std::span<const Axis> axes_;
  Counts counts_;
};

// Of those counted, how many come to the end of `axes` and leave there, or stay, for every combination.
Box reaching(std::span<const Axis> axes, const std::vector<Counts>& passes,
             std::span<const std::uint8_t> counted, bool leave) {
  Box box(axes, passes, counted);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    if (leave && k + 1 == axes.size()) {
      box.leave_at(k);
    } else {
      box.stay_at(k);
    }
  }
  return box;
}

std::size_t combinations_of(std::span<const Axis> axes, std::size_t exits, std::size_t most_counts) {
  double cells = static_cast<double>(exits);
  std::size_t combinations = 1;
  for (const Axis& axis : axes) {
    cells *= static_cast<double>(axis.limits.size() + 1);
    combinations *= axis.limits.size();
  }
  if (cells > static_cast<double>(most_counts)) {
    std::ostringstream message;
    message << "threshold grid: its thresholds have " << cells << " counts of samples, more than "
            << most_counts << "; give fewer thresholds, or search for the best.";
    throw std::invalid_argument(message.str());
  }
  return combinations;
}

}  // namespace

ThresholdGrid evaluate_grid(const ThresholdSearchData& data,
                            std::span<const std::vector<std::optional<double>>> thresholds,
                            std::size_t most_counts) {
  check(data);
  const std::size_t early = data.exits - 1;
  if (thresholds.size() != early) {
    throw std::invalid_argument("threshold grid: thresholds for " + std::to_string(thresholds.size()) +
                                " exits, expected one list for each of " + std::to_string(early) +
                                " early exits.");
  }
  const double sign = data.leaves_at_or_above ? -1.0 : 1.0;
  std::vector<Axis> axes;
  for (std::size_t k = 0; k < early; ++k) axes.push_back(axis_of(thresholds[k], sign, k));
  ThresholdGrid grid;
  grid.combinations = combinations_of(axes, data.exits, most_counts);
  std::vector<Counts> passes(early, Counts(data.samples));
  for (std::size_t k = 0; k < early; ++k) {
    const std::vector<double>& limits = axes[k].limits;
    for (std::size_t i = 0; i < data.samples; ++i) {
      const double score = sign * data.scores[k * data.samples + i];
      passes[k][i] =
          static_cast<std::uint32_t>(std::lower_bound(limits.begin(), limits.end(), score) - limits.begin());
    }
  }

  grid.leaving.resize(data.exits * grid.combinations);
  grid.correct.resize(grid.combinations);
  grid.cost.resize(grid.combinations);
  const std::vector<std::uint8_t> everyone(data.samples, 1);
  for (std::size_t k = 0; k < data.exits; ++k) {
    const std::span<const Axis> so_far(axes.data(), std::min(k + 1, early));
    const Box leaving = reaching(so_far, passes, everyone, k < early);
    const Box right =
        reaching(so_far, passes, data.correct.subspan(k * data.samples, data.samples), k < early);
    std::vector<std::size_t> limit(early);
    for (std::size_t done = 0; done < grid.combinations; ++done) {
      std::size_t place = 0;
      for (std::size_t j = 0; j < early; ++j) place = place * axes[j].limits.size() + axes[j].place[limit[j]];
      const std::uint32_t count = leaving.at(limit);
      grid.leaving[k * grid.combinations + place] = count;
      grid.correct[place] += right.at(limit);
      grid.cost[place] += count * data.cost[k];
      for (std::size_t j = early; j-- > 0;) {
        if (++limit[j] < axes[j].limits.size()) break;
        limit[j] = 0;
      }
    }
  }
  return grid;
}

}  // namespace idn::exits
