#pragma once

// What the programs on networks by name have in common, compiled once.

#include "examples/networks/supernet_file.hpp"
#include "examples/train_with_state.hpp"
#include "interchoice/evaluation/prefix_sharing.hpp"
#include "interchoice/evaluation/result_file.hpp"
#include "interchoice/export/subnet.hpp"
#include "interchoice/networks/saved_network.hpp"
