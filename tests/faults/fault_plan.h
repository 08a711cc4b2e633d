#ifndef INTERCHOICE_TESTS_FAULT_PLAN_H
#define INTERCHOICE_TESTS_FAULT_PLAN_H

// What the shim (fault_shim.c) is to do to a process, and what it saw. A driver keeps a plan in
// memory that it shares with the child to be struck.

#ifdef __cplusplus
extern "C" {
#endif

enum FaultKind {
  kNoSpaceOnce,     // the call fails with ENOSPC
  kDamagedOnce,     // the call fails with EIO
  kInterruptOnce,   // the call fails with EINTR
  kShortTransfer,   // half of the bytes are written or read
  kNoSpaceFromNow,  // a full disk: all that needs room fails with ENOSPC from this call on
  kDamagedFromNow,  // every call fails with EIO from this one on
  kKillBefore,      // SIGKILL instead of the call
  kKillAfter,       // SIGKILL once the call has been made
  kKillTorn,        // SIGKILL once half of the bytes have been written
  kFaultKinds
};

enum { kTraceLength = 16384 };

struct FaultPlan {
  char folder[512];          // calls on files below this folder count; an absolute path
  int number;                // the call to strike, the first is 1; 0: none
  int kind;                  // a FaultKind
  int calls;                 // out: calls so far
  char trace[kTraceLength];  // out: a letter for each call, see fault_shim.c
};

// Obeys the plan from now on; a null pointer ends that.
void interchoice_follow_fault_plan(struct FaultPlan* plan);

#ifdef __cplusplus
}
#endif

#endif
