// Makes the n-th call on a file below a folder fail, do half of it, or be the process's last.
//
// A library to be preloaded, or linked before libc: its functions take the place of libc's and make
// the system call themselves. A program that knows of it calls interchoice_follow_fault_plan; for
// any other program the environment says the same:
//
//   LD_PRELOAD=libinterchoice_fault_shim.so FAULT_FOLDER=/tmp/x FAULT_NUMBER=7 FAULT_KIND=0 program
//
// Letters of the trace: c open that may create, o other open, i read, w write, s fsync, r rename,
// x close, u unlink, m mkdir, t truncate, l flock. Calls that libc makes for itself (those of
// fopen, opendir) do not pass here.

#define _GNU_SOURCE
#include "fault_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static struct FaultPlan* plan;
static struct FaultPlan plan_of_environment;

void interchoice_follow_fault_plan(struct FaultPlan* given) { plan = given; }

__attribute__((constructor)) static void read_environment(void) {
  const char* folder = getenv("FAULT_FOLDER");
  const char* number = getenv("FAULT_NUMBER");
  const char* kind = getenv("FAULT_KIND");
  if (folder == NULL || number == NULL || kind == NULL) return;
  snprintf(plan_of_environment.folder, sizeof plan_of_environment.folder, "%s", folder);
  plan_of_environment.number = atoi(number);
  plan_of_environment.kind = atoi(kind);
  plan = &plan_of_environment;
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static int is_below(const char* path) {
  const size_t length = strlen(plan->folder);
  return strncmp(path, plan->folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int path_counts(int folder, const char* path) {
  char whole[2 * PATH_MAX];
  if (plan == NULL || path == NULL) return 0;
  if (path[0] == '/') return is_below(path);
  char base[PATH_MAX];
  ssize_t length = -1;
  if (folder == AT_FDCWD) {
    length = syscall(SYS_getcwd, base, sizeof base) > 0 ? (ssize_t)strlen(base) : -1;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, base, sizeof base - 1);
  }
  if (length < 0) return 0;
  base[length] = '\0';
  snprintf(whole, sizeof whole, "%s/%s", base, path);
  return is_below(whole);
}

static int descriptor_counts(int descriptor) {
  if (plan == NULL) return 0;
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return is_below(path);
}

// What is to be done to a call: nothing (-1), or a FaultKind.
static int fate(int counts, char letter) {
  if (!counts) return -1;
  const int call = __atomic_add_fetch(&plan->calls, 1, __ATOMIC_SEQ_CST);
  if (call < kTraceLength) plan->trace[call - 1] = letter;
  if (plan->number == 0 || call < plan->number) return -1;
  if (call == plan->number) return plan->kind;
  if (plan->kind == kDamagedFromNow) return kDamagedOnce;
  if (plan->kind == kNoSpaceFromNow && strchr("cwsm", letter) != NULL) return kNoSpaceOnce;
  return -1;
}

// The error that a kind means, 0 for none.
static int error_of(int kind) {
  switch (kind) {
    case kNoSpaceOnce:
    case kNoSpaceFromNow:
      return ENOSPC;
    case kDamagedOnce:
    case kDamagedFromNow:
      return EIO;
    case kInterruptOnce:
      return EINTR;
    default:
      return 0;
  }
}

// A call that is made or not. `still` is made even where the result is an error.
#define STRIKE(counts, letter, call, still) \
  const int kind = fate(counts, letter);    \
  if (kind == kKillBefore) die();           \
  const int error = error_of(kind);         \
  if (error != 0) {                         \
    still;                                  \
    errno = error;                          \
    return -1;                              \
  }                                         \
  const long result = (call);               \
  if (kind == kKillAfter) {                 \
    die();                                  \
  }                                         \
  return result

static int open_at(int folder, const char* path, int flags, mode_t mode) {
  STRIKE(path_counts(folder, path), (flags & O_CREAT) != 0 ? 'c' : 'o',
         syscall(SYS_openat, folder, path, flags, mode), );
}

#define OPEN_WITH_MODE(folder)                  \
  mode_t mode = 0;                              \
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0) { \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = va_arg(rest, mode_t);                \
    va_end(rest);                               \
  }                                             \
  return open_at(folder, path, flags, mode)

int open(const char* path, int flags, ...) { OPEN_WITH_MODE(AT_FDCWD); }
int open64(const char* path, int flags, ...) { OPEN_WITH_MODE(AT_FDCWD); }
int openat(int folder, const char* path, int flags, ...) { OPEN_WITH_MODE(folder); }
int openat64(int folder, const char* path, int flags, ...) { OPEN_WITH_MODE(folder); }

static ssize_t write_at(int descriptor, const void* bytes, size_t count, off_t offset) {
  const int kind = fate(descriptor_counts(descriptor), 'w');
  if (kind == kKillBefore) die();
  if (error_of(kind) != 0) {
    errno = error_of(kind);
    return -1;
  }
  if ((kind == kShortTransfer || kind == kKillTorn) && count > 1) count /= 2;
  const ssize_t written = offset < 0 ? syscall(SYS_write, descriptor, bytes, count)
                                     : syscall(SYS_pwrite64, descriptor, bytes, count, offset);
  if (kind == kKillAfter || kind == kKillTorn) die();
  return written;
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  return write_at(descriptor, bytes, count, -1);
}
ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_at(descriptor, bytes, count, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_at(descriptor, bytes, count, offset);
}
ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  // The first part alone is a short write, which every caller has to expect.
  if (descriptor_counts(descriptor) && count > 0) {
    return write_at(descriptor, parts[0].iov_base, parts[0].iov_len, -1);
  }
  return syscall(SYS_writev, descriptor, parts, count);
}

static ssize_t read_at(int descriptor, void* bytes, size_t count, off_t offset) {
  const int kind = fate(descriptor_counts(descriptor), 'i');
  if (kind == kKillBefore) die();
  if (error_of(kind) != 0) {
    errno = error_of(kind);
    return -1;
  }
  if (kind == kShortTransfer && count > 1) count /= 2;
  const ssize_t got = offset < 0 ? syscall(SYS_read, descriptor, bytes, count)
                                 : syscall(SYS_pread64, descriptor, bytes, count, offset);
  if (kind == kKillAfter) die();
  return got;
}

ssize_t read(int descriptor, void* bytes, size_t count) {
  return read_at(descriptor, bytes, count, -1);
}
ssize_t pread(int descriptor, void* bytes, size_t count, off_t offset) {
  return read_at(descriptor, bytes, count, offset);
}
ssize_t pread64(int descriptor, void* bytes, size_t count, off_t offset) {
  return read_at(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
  STRIKE(descriptor_counts(descriptor), 's', syscall(SYS_fsync, descriptor), );
}
int fdatasync(int descriptor) {
  STRIKE(descriptor_counts(descriptor), 's', syscall(SYS_fdatasync, descriptor), );
}

// The kernel frees the descriptor whatever close returns.
int close(int descriptor) {
  STRIKE(descriptor_counts(descriptor), 'x', syscall(SYS_close, descriptor),
         syscall(SYS_close, descriptor));
}

static int rename_at(int from, const char* old, int to, const char* path, unsigned flags) {
  STRIKE(path_counts(to, path) || path_counts(from, old), 'r',
         syscall(SYS_renameat2, from, old, to, path, flags), );
}
int rename(const char* old, const char* path) {
  return rename_at(AT_FDCWD, old, AT_FDCWD, path, 0);
}
int renameat(int from, const char* old, int to, const char* path) {
  return rename_at(from, old, to, path, 0);
}
int renameat2(int from, const char* old, int to, const char* path, unsigned flags) {
  return rename_at(from, old, to, path, flags);
}

static int unlink_at(int folder, const char* path, int flags) {
  STRIKE(path_counts(folder, path), 'u', syscall(SYS_unlinkat, folder, path, flags), );
}
int unlink(const char* path) { return unlink_at(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) { return unlink_at(folder, path, flags); }
int rmdir(const char* path) { return unlink_at(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  const int result = unlink_at(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? unlink_at(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

int mkdir(const char* path, mode_t mode) {
  STRIKE(path_counts(AT_FDCWD, path), 'm', syscall(SYS_mkdirat, AT_FDCWD, path, mode), );
}

int truncate(const char* path, off_t length) {
  STRIKE(path_counts(AT_FDCWD, path), 't', syscall(SYS_truncate, path, length), );
}
int truncate64(const char* path, off_t length) { return truncate(path, length); }
int ftruncate(int descriptor, off_t length) {
  STRIKE(descriptor_counts(descriptor), 't', syscall(SYS_ftruncate, descriptor, length), );
}
int ftruncate64(int descriptor, off_t length) { return ftruncate(descriptor, length); }

int flock(int descriptor, int operation) {
  STRIKE(descriptor_counts(descriptor), 'l', syscall(SYS_flock, descriptor, operation), );
}
