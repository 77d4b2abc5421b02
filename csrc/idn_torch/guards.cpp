#include "idn_torch/guards.h"

#include <ATen/Parallel.h>

// Of the OpenMP runtime that torch has loaded; its header is the compiler's own.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int threads);

// Of the MKL inside libtorch_cpu, where there is one: it minds a number of its own before OpenMP's.
extern "C" int MKL_Set_Num_Threads_Local(int threads) __attribute__((weak));

namespace idn_torch {

// The number of OpenMP is the calling thread's own. Torch sets it when a thread first asks for it, so that
// has to come before.
OneThread::OneThread() {
  at::get_num_threads();
  threads_ = omp_get_max_threads();
  if (threads_ != 1) omp_set_num_threads(1);
  if (MKL_Set_Num_Threads_Local != nullptr) mkl_threads_ = MKL_Set_Num_Threads_Local(1);
}

OneThread::~OneThread() {
  if (threads_ != 1) omp_set_num_threads(threads_);
  if (MKL_Set_Num_Threads_Local != nullptr) MKL_Set_Num_Threads_Local(mkl_threads_);
}

}  // namespace idn_torch
