#include "idn_torch/kernels/convolution.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "idn_torch/instruction_set.h"
#include "idn_torch/kernels/convolution_tile.h"

namespace idn_torch::kernels {
namespace {

const ConvolutionTiles* best_tiles() {
#ifdef IDN_X86_KERNELS
  const InstructionSet widest = instruction_set();
  if (widest == InstructionSet::kAvx512 && __builtin_cpu_supports("avx512f"))
    return &convolution_tiles_avx512();
  if (widest >= InstructionSet::kAvx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &convolution_tiles_avx2();
#endif
  return nullptr;
}

const ConvolutionTiles* tiles_here() {
  static const ConvolutionTiles* const kBest = best_tiles();
  return kBest;
}

// As many vectors as the channels fill.
std::int64_t vectors_for(std::int64_t channels, std::int64_t width, const ConvolutionTiles& tiles) {
  const std::int64_t filled = (channels + tiles.lanes - 1) / tiles.lanes;
  if (filled >= 4 && filled % 4 == 0 && width <= static_cast<std::int64_t>(tiles.four.size())) return 4;
  return filled >= 2 ? 2 : 1;
}

std::span<const ConvolutionTileFunction> functions_for(std::int64_t vectors, std::int64_t together,
                                                       const ConvolutionTiles& tiles) {
  if (together > 1) return tiles.groups;
  return vectors == 4 ? tiles.four : vectors == 2 ? tiles.two : tiles.one;
}

// How many neighbouring pixels a vector holds with all their channels, so that all they look at at once lies
// in a vector too.
std::int64_t pixels_together(const ConvolutionShape& shape, const ConvolutionTiles& tiles) {
  const std::int64_t pitch = shape.stride_width * shape.channels_in;
  return std::min({tiles.lanes / shape.channels_out, (tiles.lanes - 1) / pitch + 1, shape.output_width()});
}

// A row in as few tiles as there can be, all of one size or of two that differ by one: large tiles load the
// weights less often, and of sizes that do not fit the last would compute pixels of the one before again.
// Where groups are of several pixels, it still does where these do not divide the row.
struct Division {
  std::int64_t tiles;
  std::int64_t groups;  // of a tile
  std::int64_t larger;  // so many tiles have one group more
};

Division divided(std::int64_t width, std::int64_t together, std::int64_t most) {
  const std::int64_t groups = (width + together - 1) / together;
  const std::int64_t in_tile = std::min(most, width / together);
  const std::int64_t tiles = (groups + in_tile - 1) / in_tile;
  return {tiles, groups / tiles, groups % tiles};
}

// A copy with zeros around it, pixel by pixel.
void pad(const ImageView& image, const ConvolutionShape& shape, float* padded) {
  const std::int64_t channels = shape.channels_in;
  const std::int64_t row_size = (shape.width + 2 * shape.padding_width) * channels;
  const std::int64_t margin = shape.padding_width * channels;
  std::fill_n(padded, shape.padding_height * row_size, 0.0F);
  float* to = padded + shape.padding_height * row_size;
  for (std::int64_t y = 0; y < shape.height; ++y, to += row_size) {
    const float* const from = image.data + y * image.row_pitch;
    std::fill_n(to, margin, 0.0F);
    float* const inside = to + margin;
    if ((channels == 1 || image.channel_pitch == 1) && image.pixel_pitch == channels) {
      std::memcpy(inside, from, static_cast<std::size_t>(shape.width * channels) * sizeof(float));
    } else {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t x = 0; x < shape.width; ++x)
          inside[x * channels + c] = from[c * image.channel_pitch + x * image.pixel_pitch];
      }
    }
    std::fill_n(inside + shape.width * channels, margin, 0.0F);
  }
  std::fill_n(to, shape.padding_height * row_size, 0.0F);
}

}  // namespace

std::int64_t Convolution::lanes_here() { return tiles_here() == nullptr ? 0 : tiles_here()->lanes; }

Convolution::Convolution(const ConvolutionShape& shape, const float* weights, const float* bias)
    : shape_(shape) {
  const ConvolutionTiles& tiles = *tiles_here();
  together_ = std::max<std::int64_t>(1, pixels_together(shape, tiles));
  block_ = tiles.lanes * vectors_for(shape.channels_out, shape.output_width(), tiles);
  const std::int64_t blocks = (shape.channels_out + block_ - 1) / block_;
  const std::int64_t taps = shape.kernel_height * shape.kernel_width;
  const std::int64_t of_block = taps * shape.channels_in * block_;
  weights_.resize(static_cast<std::size_t>(blocks * of_block), 0.0F);
  bias_.resize(static_cast<std::size_t>(blocks * block_), 0.0F);
  for (std::int64_t lane = 0; lane < shape.channels_out * together_; ++lane) {
    const std::int64_t out = lane % shape.channels_out;
    float* const to = weights_.data() + lane / block_ * of_block + lane % block_;
    for (std::int64_t in = 0; in < shape.channels_in; ++in) {
      for (std::int64_t tap = 0; tap < taps; ++tap)
        to[(tap * shape.channels_in + in) * block_] = weights[(out * shape.channels_in + in) * taps + tap];
    }
    if (bias != nullptr) bias_[static_cast<std::size_t>(lane)] = bias[out];
  }
  if (together_ == 1) return;
  for (std::int64_t lane = 0; lane < tiles.lanes; ++lane) {
    const std::int64_t pixel = std::min(lane / shape.channels_out, together_ - 1);
    places_.push_back(static_cast<std::int32_t>(pixel * shape.stride_width * shape.channels_in));
  }
}

bool Convolution::can_be_read_in_place(const ImageView& image) const {
  if (together_ > 1) return false;  // whole vectors are read, beyond what an image has
  const bool by_pixel = (shape_.channels_in == 1 || image.channel_pitch == 1) &&
                        (shape_.width == 1 || image.pixel_pitch == shape_.channels_in);
  return shape_.padding_height == 0 && shape_.padding_width == 0 && by_pixel;
}

std::int64_t Convolution::scratch_size(const ImageView& image) const {
  if (can_be_read_in_place(image)) return 0;
  return (shape_.height + 2 * shape_.padding_height) * (shape_.width + 2 * shape_.padding_width) *
             shape_.channels_in +
         (together_ > 1 ? tiles_here()->lanes : 0);
}

void Convolution::operator()(const ImageView& image, const float* residual, bool relu, float* scratch,
                             float* output) const {
  if (can_be_read_in_place(image)) {
    rows(image.data, image.row_pitch, residual, relu, output);
    return;
  }
  pad(image, shape_, scratch);
  rows(scratch, (shape_.width + 2 * shape_.padding_width) * shape_.channels_in, residual, relu, output);
}

void Convolution::rows(const float* padded, std::int64_t row_pitch, const float* residual, bool relu,
                       float* output) const {
  const std::int64_t width = shape_.output_width();
  const std::int64_t height = shape_.output_height();
  const ConvolutionTiles& tiles = *tiles_here();
  const auto functions = functions_for(block_ / tiles.lanes, together_, tiles);
  const Division row_of = divided(width, together_, static_cast<std::int64_t>(functions.size()));
  const std::int64_t pixel_pitch = shape_.stride_width * shape_.channels_in;
  const bool side_by_side = shape_.dilation_width == 1;
  ConvolutionTile tile;
  tile.rows = shape_.kernel_height;
  tile.taps = side_by_side ? 1 : shape_.kernel_width;
  tile.run = side_by_side ? shape_.kernel_width * shape_.channels_in : shape_.channels_in;
  tile.row_pitch = shape_.dilation_height * row_pitch;
  tile.tap_pitch = shape_.dilation_width * shape_.channels_in;
  tile.input_pitch = together_ * pixel_pitch;
  tile.output_pitch = together_ * shape_.channels_out;
  tile.places = places_.data();
  tile.relu = relu;
  const std::int64_t of_block = shape_.kernel_height * shape_.kernel_width * shape_.channels_in * block_;
  for (std::int64_t first = 0; first < shape_.channels_out; first += block_) {
    tile.weights = weights_.data() + first / block_ * of_block;
    tile.bias = bias_.data() + first;
    tile.floats = std::min(block_, together_ * shape_.channels_out - first);
    for (std::int64_t y = 0; y < height; ++y) {
      const float* const row = padded + y * shape_.stride_height * row_pitch;
      std::int64_t next = 0;
      for (std::int64_t index = 0; index < row_of.tiles; ++index) {
        const std::int64_t groups = row_of.groups + (index < row_of.larger ? 1 : 0);
        const std::int64_t x = std::min(next, width - groups * together_);  // the last tile is whole, too
        next += groups * together_;
        const std::int64_t at = (y * width + x) * shape_.channels_out + first;
        tile.input = row + x * pixel_pitch;
        tile.residual = residual == nullptr ? nullptr : residual + at;
        tile.output = output + at;
        functions[static_cast<std::size_t>(groups - 1)](tile);
      }
    }
  }
}

}  // namespace idn_torch::kernels
