#pragma once

#include <arpa/inet.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <torch/version.h>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "interchoice/distributed/c10d_transport.hpp"
#include "interchoice/distributed/group.hpp"
#include "interchoice/distributed/launcher.hpp"
#include "interchoice/distributed/presence.hpp"

namespace interchoice {

namespace detail {

/// This machine's address on the network over which another one is reached; empty if none is.
inline std::string address_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), "9", &hints, &found) != 0) return {};
  std::string own;
  for (const addrinfo* a = found; a != nullptr && own.empty(); a = a->ai_next) {
    const int socket = ::socket(a->ai_family, SOCK_DGRAM, 0);
    if (socket < 0) continue;
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    std::array<char, NI_MAXHOST> text{};
    // Connecting a datagram socket sends nothing: it asks for the route.
    if (::connect(socket, a->ai_addr, a->ai_addrlen) == 0 &&
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0 &&
        ::getnameinfo(reinterpret_cast<sockaddr*>(&name), size, text.data(), text.size(), nullptr,
                      0, NI_NUMERICHOST) == 0) {
      own = text.data();
    }
    ::close(socket);
  }
  ::freeaddrinfo(found);
  return own;
}

inline c10::intrusive_ptr<c10d::Backend> gloo_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                                      const GroupOptions& options) {
  static_assert(
      TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11,
      "interchoice: the declarations of Gloo in distributed/gloo_declarations are those of "
      "libtorch 2.11; use that, or compare them with the Gloo of your libtorch");
  using Gloo = c10d::ProcessGroupGloo;
  auto gloo = Gloo::Options::create(options.timeout);
  const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
  const std::string own = address_towards(options.address);
  gloo->devices.push_back(interface != nullptr ? Gloo::createDeviceForInterface(interface)
                          : own.empty()        ? Gloo::createDefaultDevice()
                                               : Gloo::createDeviceForHostname(own));
  gloo->threads = 1;  // one collective at a time
  return c10::make_intrusive<Gloo>(store, static_cast<int>(options.rank),
                                   static_cast<int>(options.size), std::move(gloo));
}

}  // namespace detail

/// The group of the processes that a launcher started, or that the options describe; returns once
/// all are there. A group of one needs no network.
///
///   const Group group = join_group();
///
/// Gloo carries tensors in the memory of the host, and those of GPUs through it. *Throws*:
/// `GroupError` if not all processes come within the time-out; `std::invalid_argument` as
/// `Launcher`.
inline Group join_group(const GroupOptions& options = Launcher::options()) {
  if (options.size == 1) return {};
  const auto fail = [&](const std::exception& error) {
    std::string_view text = error.what();
    text = text.substr(0, text.find('\n'));
    return GroupError(fmt::format(
        "interchoice: rank {} of {} has not met the others at {}:{} within {} s: {}", options.rank,
        options.size, options.address, options.port,
        std::chrono::duration_cast<std::chrono::seconds>(options.timeout).count(), text));
  };
  try {
    c10d::TCPStoreOptions tcp;
    tcp.port = options.port;
    tcp.isServer = options.rank == 0 && !options.is_store_kept;
    tcp.numWorkers = options.size;
    tcp.waitWorkers = false;
    tcp.timeout = options.timeout / 2;  // it tries twice
    tcp.multiTenant = true;
    const auto store = c10::make_intrusive<c10d::PrefixStore>(
        "interchoice/" + options.name, c10::make_intrusive<c10d::TCPStore>(options.address, tcp));
    return Group(std::make_shared<C10dTransport>(C10dTransport::Parts{
        .store = store,
        .host = detail::gloo_backend(store, options),
        .device = {},
        .presence = PresenceOptions::of_ranks(options.size, options.patience)}));
  } catch (const std::exception& error) {
    throw fail(error);
  }
}

}  // namespace interchoice
