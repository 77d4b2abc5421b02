#pragma once

#include <cstdint>
#include <vector>

namespace idn_torch::kernels {

/// What a two-dimensional convolution without groups is given. Weights are (out, in, kernel height, width).
struct ConvolutionShape {
  std::int64_t channels_in = 0;
  std::int64_t channels_out = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t kernel_height = 1;
  std::int64_t kernel_width = 1;
  std::int64_t stride_height = 1;
  std::int64_t stride_width = 1;
  std::int64_t padding_height = 0;
  std::int64_t padding_width = 0;
  std::int64_t dilation_height = 1;
  std::int64_t dilation_width = 1;

  [[nodiscard]] std::int64_t output_height() const {
    return (height + 2 * padding_height - dilation_height * (kernel_height - 1) - 1) / stride_height + 1;
  }
  [[nodiscard]] std::int64_t output_width() const {
    return (width + 2 * padding_width - dilation_width * (kernel_width - 1) - 1) / stride_width + 1;
  }
};

/// An image anywhere in memory: the distances, in floats, between neighbours.
struct ImageView {
  const float* data = nullptr;
  std::int64_t channel_pitch = 0;
  std::int64_t row_pitch = 0;
  std::int64_t pixel_pitch = 0;
};

/// A convolution of float32 whose weights are laid out once. Outputs lie pixel by pixel, a pixel's channels
/// side by side (torch: channels last).
///
/// The sums are those of PyTorch's convolution in another order.
class Convolution {
 public:
  /// How many output channels the inner loops compute side by side on this processor; 0 where it lacks the
  /// instructions that they are made for, or torch is kept from them, and there is no convolution of ours.
  static std::int64_t lanes_here();

  /// `bias` may be null. Neither is looked at again.
  Convolution(const ConvolutionShape& shape, const float* weights, const float* bias);

  [[nodiscard]] const ConvolutionShape& shape() const { return shape_; }

  /// How many floats of room an image asks for; 0 where it can be read where it is.
  [[nodiscard]] std::int64_t scratch_size(const ImageView& image) const;

  /// One image. `residual`, laid out as the output, is added before the activation; it may be null.
  void operator()(const ImageView& image, const float* residual, bool relu, float* scratch,
                  float* output) const;

 private:
  [[nodiscard]] bool can_be_read_in_place(const ImageView& image) const;
  void rows(const float* padded, std::int64_t row_pitch, const float* residual, bool relu,
            float* output) const;

  ConvolutionShape shape_;
  std::int64_t block_ = 0;     // output channels that are computed together
  std::int64_t together_ = 1;  // neighbouring pixels in a vector, each with all its channels
  std::vector<float>
      weights_;              // (blocks, kernel height, kernel width, in, block), or over and over in a block
  std::vector<float> bias_;  // (blocks, block), likewise
  std::vector<std::int32_t>
      places_;  // for pixels together: where a lane's pixel looks, from where the first does
};

}  // namespace idn_torch::kernels
