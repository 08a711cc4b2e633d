#pragma once

// The umbrella of one's own training code. It leaves out what would cost every file that includes
// it and few need: operations on sequences and tokens (nn/operations/), saved networks
// (networks/saved_network.hpp), measured costs (networks/measured_cost.hpp), resumable trainings
// (training/resumable_training.hpp), what large rankings need (evaluation/prefix_sharing.hpp,
// evaluation/result_file.hpp), training-free scores (predictors/), searches (search.hpp), tabular
// benchmarks (evaluation/tabular_benchmark.hpp) and reports (report/write_report.hpp).

#include "interchoice/core.hpp"
#include "interchoice/data/batches.hpp"
#include "interchoice/data/cifar10.hpp"
#include "interchoice/data/digits.hpp"
#include "interchoice/data/hold_out.hpp"
#include "interchoice/data/idx.hpp"
#include "interchoice/data/prefetch.hpp"
#include "interchoice/evaluation/accuracy.hpp"
#include "interchoice/evaluation/benchmark_table.hpp"
#include "interchoice/evaluation/ranking.hpp"
#include "interchoice/evaluation/recalibrate.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/cell_network.hpp"
#include "interchoice/networks/chain_network.hpp"
#include "interchoice/networks/dependency_report.hpp"
#include "interchoice/networks/fairnas.hpp"
#include "interchoice/networks/nasbench201.hpp"
#include "interchoice/networks/nasbench_macro.hpp"
#include "interchoice/networks/parameter_report.hpp"
#include "interchoice/nn/begin_epoch.hpp"
#include "interchoice/nn/cell_blocks.hpp"
#include "interchoice/nn/choice_block.hpp"
#include "interchoice/nn/choice_blocks.hpp"
#include "interchoice/nn/convolution_norm.hpp"
#include "interchoice/nn/settle_weights.hpp"
#include "interchoice/nn/tables.hpp"
#include "interchoice/training/cpu_memory.hpp"
#include "interchoice/training/interrupt.hpp"
#include "interchoice/training/path_step.hpp"
#include "interchoice/training/protocols.hpp"
#include "interchoice/training/train.hpp"
