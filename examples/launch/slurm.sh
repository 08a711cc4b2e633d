#!/usr/bin/env bash
#SBATCH --job-name=interchoice
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#
# A training on all tasks of a Slurm job; with GPUs, add a line `#SBATCH --gpus-per-node=4`.
#
#   sbatch examples/launch/slurm.sh build/release/examples/train_supernet --data cifar10:FOLDER \
#     --batch 1024 --state FOLDER/state --out FOLDER/supernet.safetensors
#
# A state and the results lie where the first task can write. Two minutes before its time is over the
# job is asked to stop, keeps its state, and goes on from there when it is submitted again.
set -euo pipefail
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# The tasks find each other by srun's variables. One that dies ends the others with a message.
exec srun --kill-on-bad-exit=0 "$@" --threads "$OMP_NUM_THREADS"
