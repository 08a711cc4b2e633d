#pragma once

// Random search, regularised evolution and NSGA-II over the architectures of a space; needs no
// libtorch.

#include "interchoice/search/crowding_distance.hpp"
#include "interchoice/search/dominance.hpp"
#include "interchoice/search/front.hpp"
#include "interchoice/search/history.hpp"
#include "interchoice/search/history_csv.hpp"
#include "interchoice/search/hypervolume.hpp"
#include "interchoice/search/nsga2.hpp"
#include "interchoice/search/objective.hpp"
#include "interchoice/search/problem.hpp"
#include "interchoice/search/random_search.hpp"
#include "interchoice/search/regularised_evolution.hpp"
