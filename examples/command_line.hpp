#pragma once

// The command line of every program: errors, exit codes, and its text.

#include <fcntl.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace examples {

/// A mistake in the command: options that contradict each other, say.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// SIGINT or SIGTERM ended the work; the text says what is kept, and how to go on.
struct Interrupted : std::runtime_error {
  Interrupted(int signal_number, const std::string& kept)
      : std::runtime_error("interrupted; " + kept), signal(signal_number) {}
  int signal;
};

/// The work of a process is done before the program's end, which is for another one.
struct Done {};

/// A text out of a file or a command line as a terminal may get it: control characters but line
/// ends become `?`, and what is longer than `most` bytes is cut.
inline std::string terminal_text(std::string_view text, std::size_t most = 4096) {
  std::string plain;
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_second = !plain.empty() && plain.back() == '\xc2';  // of U+0080 to U+00BF
    if (is_second && byte >= 0x80 && byte < 0xa0) {
      plain.back() = '?';  // U+0080 to U+009F control terminals, too
    } else {
      plain += (byte < 0x20 && c != '\n') || byte == 0x7f ? '?' : c;
    }
  }
  if (text.size() > most) plain += fmt::format("... ({} bytes)", text.size());
  return plain;
}

/// The text of an error, without the stack frames that libtorch adds to it.
inline std::string error_text(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
  std::string_view text = error.what();
  text = text.substr(0, text.find("Exception raised from"));
  while (text.ends_with('\n') || text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

/// Calls `read()`, which reads a file; an error that does not name the file gets its name.
template <class Read>
auto reading(const std::filesystem::path& path, const Read& read) {
  try {
    return read();
  } catch (const UsageError&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = error_text(error);
    if (text.find(path.string()) != std::string::npos) throw;
    throw std::runtime_error(path.string() + ": " + text);
  }
}

/// Prints to standard output like `fmt::print`, but no control characters. Whether it arrived is
/// looked at when the program ends, so that no work is lost for it.
template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  const std::string text = fmt::format(format, std::forward<Values>(values)...);
  const std::string plain = terminal_text(text, text.size());
  std::fwrite(plain.data(), 1, plain.size(), stdout);
}

/// One line (or more, where the text has them) on standard error. One that fails is lost.
inline void print_message(const std::string& program, std::string_view text) {
  const std::string line = program + ": " + terminal_text(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

/// Called with an error that ends the program, the message that was printed, and the exit code: by
/// a program of several processes, which tells the others. Empty by default.
inline std::function<void(const std::exception&, const std::string&, int)>& on_failure() {
  static std::function<void(const std::exception&, const std::string&, int)> call;
  return call;
}

namespace detail {

/// Gives the standard streams that are closed a place, so that no file of the program gets it.
/// Output is lost as before: what standard output has to say still fails.
inline void occupy_standard_streams() {
  for (const int stream : {0, 1, 2}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    static_cast<void>(::open("/dev/null", stream == 2 ? O_WRONLY : O_RDONLY));
  }
}

/// Whether all that was printed has arrived.
inline bool has_printed_all() {
  std::cout.flush();
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
}

}  // namespace detail

/// Parses the command line and runs the program.
///
/// | exit code | means |
/// | --- | --- |
/// | 0 | done, and all that was to say was printed |
/// | 1 | something went wrong |
/// | 2 | the command makes no sense |
/// | 130, 143 | SIGINT, SIGTERM: 128 + the signal's number |
///
/// A message on standard error says why. A signal ends a program that is not waiting for one, and
/// a shell shows the same code then.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<void()>& program) {
  detail::occupy_standard_streams();
  const auto fail = [&](int code, std::string_view text, const char* advice = "") {
    std::fflush(stdout);  // what came before the message
    print_message(app.get_name(), terminal_text(text, 2000) + advice);
    return code;
  };
  constexpr const char* kAdvice = " (--help lists the options)";
  try {
    app.parse(argc, argv);
    program();
  } catch (const Done&) {
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      return fail(2, error.what(), kAdvice);
    }
    app.exit(error);  // --help
  } catch (const std::exception& error) {
    const auto* const interrupted = dynamic_cast<const Interrupted*>(&error);
    const bool is_usage = dynamic_cast<const UsageError*>(&error) != nullptr;
    const int code = interrupted != nullptr ? 128 + interrupted->signal : is_usage ? 2 : 1;
    fail(code, error_text(error), is_usage ? kAdvice : "");
    if (on_failure() && interrupted == nullptr) {
      on_failure()(error, app.get_name() + ": " + error_text(error) + '\n', code);
    }
    on_failure() = nullptr;
    return code;
  }
  on_failure() = nullptr;  // and what it holds, while there is a program around it
  if (!detail::has_printed_all()) {
    return fail(1, "standard output could not be written; what it should say is lost");
  }
  return 0;
}

/// The command as it was typed, for reports.
inline std::string command_text(int argc, char** argv) {
  std::string text = std::string(argv[0]);
  text = text.substr(text.find_last_of('/') + 1);
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

}  // namespace examples
