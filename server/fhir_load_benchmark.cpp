// A load generator for FHIR servers: one thread, N connections that are kept open, each with one request at a time.
//   fhir_load_benchmark KIND PORT COPIES [SECONDS=60] [WARM=30] [CLIENTS=64] [PID=0] [BASE=/fhir]
//   KIND, or several with commas: read, name (name + birth date), code (patient + code + date), chain, include, mixed (of the four), create
//   fhir_load_benchmark make FOLDER RESOURCES [FROM=0]    the replicated Synthea set as NDJSON, a file for each type; those before FROM left out
//   fhir_load_benchmark targets KIND COPIES COUNT    what would be asked, a line each: for comparisons of answers
// JOINEDUP_BENCH_HEADER: a line more in every request's head (who is signed in).
// Prints one JSON object a kind. Every answer is checked for its status and for the resource that its parameters were drawn from; a wrong
// one ends the run without a time. PID: the server's, whose processor time and memory are read too.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>

#include "base/processor_time.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "fhir/replicate.hpp"

using namespace joinedup;
using fhir::Template, fhir::copy_of, fhir::fresh_date, fhir::fresh_family, fhir::fresh_id;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Asked {
  std::string text;       // the request
  std::string holds;      // must be in the answer, unless it has a further page
  int status = 200;
};

class Drawer {
 public:
  Drawer(std::vector<Template> templates, std::uint64_t copies, std::string base) : templates_(std::move(templates)), copies_(copies), base_(std::move(base)) {
    for (const Template& t : templates_) {
      if (t.type == "Observation" && (t.code.empty() || t.date.empty())) continue;
      if (const char* without = std::getenv("JOINEDUP_BENCH_WITHOUT"); without != nullptr && t.type == without) continue;  // a type that a peer does not hold
      by_type_[t.type].push_back(&t);
      by_type_[""].push_back(&t);
    }
  }
  Asked draw(const std::string& kind, std::uint64_t n, std::uint64_t run) const {
    CounterRandom random(n, run, 5);
    if (kind == "mixed") return search(n % 4 == 0 ? "name" : n % 4 == 1 ? "code" : n % 4 == 2 ? "chain" : "include", random);
    if (kind == "read") {
      std::uint64_t k = 0;
      const Template& t = one(random, "", k);
      const auto id = fresh_id(t.id, k);
      return get("/" + t.type + "/" + id, "\"" + id + "\"");
    }
    if (kind == "create") {
      const char* without = std::getenv("JOINEDUP_BENCH_WITHOUT");
      std::size_t at = (n * 7919) % templates_.size();
      while (without != nullptr && templates_[at].type == without) at = (at + 1) % templates_.size();
      const Template& t = templates_[at];
      const std::string body = copy_of(t, mix64(run, n) | 1ULL << 40);
      return {"POST " + base_ + "/" + t.type + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nAccept: application/fhir+json\r\n" + more_ + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, {}, 201};
    }
    return search(kind, random);
  }

 private:
  const Template& one(CounterRandom& random, const std::string& type, std::uint64_t& k) const {
    k = random.below(copies_);
    const auto& list = by_type_.at(type);
    return *list[random.below(list.size())];
  }
  Asked get(const std::string& target, std::string holds) const {
    return {"GET " + base_ + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/fhir+json\r\n" + more_ + "\r\n", std::move(holds), 200};
  }
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '%') out += c;
      else {
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
        out += hex;
      }
    }
    return out;
  }
  Asked search(const std::string& kind, CounterRandom& random) const {
    std::uint64_t k = 0;
    if (kind == "name") {
      const Template& t = one(random, "Patient", k);
      return get("/Patient?name=" + escaped(fresh_family(t.family, k).substr(0, 8)) + "&birthdate=" + fresh_date(t.date, k), "\"" + fresh_id(t.id, k) + "\"");
    }
    if (kind == "code") {
      const Template& t = one(random, "Observation", k);
      return get("/Observation?patient=" + patient_of(t, k) + "&code=" + t.code + "&date=" + escaped(fresh_date(t.date, k)), "\"" + fresh_id(t.id, k) + "\"");
    }
    if (kind == "chain") {
      const Template& t = one(random, "Patient", k);
      return get("/Encounter?patient.family=" + escaped(fresh_family(t.family, k)) + "&patient.birthdate=" + fresh_date(t.date, k) + "&_count=10", "Patient/" + fresh_id(t.id, k));
    }
    const Template& t = one(random, "MedicationRequest", k);
    return get("/MedicationRequest?patient=" + patient_of(t, k) + "&_count=10&_include=MedicationRequest:patient", "\"" + fresh_id(t.patient.substr(8), k) + "\"");
  }
  static std::string patient_of(const Template& t, std::uint64_t k) { return "Patient/" + fresh_id(t.patient.substr(8), k); }

  std::vector<Template> templates_;
  std::uint64_t copies_;
  std::string base_;
  std::string more_ = std::getenv("JOINEDUP_BENCH_HEADER") != nullptr ? std::string(std::getenv("JOINEDUP_BENCH_HEADER")) + "\r\n" : std::string();
  std::map<std::string, std::vector<const Template*>> by_type_;
};

struct Peer {
  int socket = -1;
  Asked asked;
  std::string heard;
  std::size_t need = 0;     // the whole answer's bytes, once its head is there
  bool is_chunked = false;
  std::size_t body_at = 0;
  double sent = 0;
};

[[noreturn]] void wrong(const Peer& peer, const char* why) {
  std::fprintf(stderr, "A wrong answer (%s); no time is reported.\nasked: %.300s\nheard: %.600s\n", why, peer.asked.text.c_str(), peer.heard.c_str());
  std::_Exit(1);
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::perror("connect"), std::exit(1);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return socket;
}

void ask(Peer& peer) {
  peer.heard.clear();
  peer.need = 0;
  peer.is_chunked = false;
  peer.sent = now();
  std::string_view left = peer.asked.text;
  while (!left.empty()) {
    const auto sent = ::send(peer.socket, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) wrong(peer, "the connection ended");
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// True when the answer is whole.
bool hear(Peer& peer) {
  static char room[1 << 18];
  const auto got = ::recv(peer.socket, room, sizeof room, 0);
  if (got <= 0) wrong(peer, "the connection ended");
  peer.heard.append(room, static_cast<std::size_t>(got));
  if (peer.need == 0) {
    const auto end = peer.heard.find("\r\n\r\n");
    if (end == peer.heard.npos) return false;
    peer.body_at = end + 4;
    auto length = ::strcasestr(peer.heard.c_str(), "\r\ncontent-length:");
    if (length != nullptr && length < peer.heard.c_str() + end) peer.need = peer.body_at + static_cast<std::size_t>(std::atoll(length + 17));
    else if (::strcasestr(peer.heard.c_str(), "transfer-encoding: chunked") != nullptr) peer.is_chunked = true, peer.need = 1;
    else wrong(peer, "neither a length nor chunks");
  }
  if (peer.is_chunked) return peer.heard.ends_with("0\r\n\r\n");
  return peer.heard.size() >= peer.need;
}

void check(const Peer& peer) {
  if (std::atoi(peer.heard.c_str() + 9) != peer.asked.status) wrong(peer, "its status");
  if (peer.asked.holds.empty()) return;
  const char* body = peer.heard.data() + peer.body_at;
  const std::size_t size = peer.heard.size() - peer.body_at;
  if (memmem(body, size, peer.asked.holds.data(), peer.asked.holds.size()) == nullptr && memmem(body, size, "\"next\"", 6) == nullptr) wrong(peer, "it is not in it");
}

struct OfProcess {
  double seconds = 0, resident = 0, most = 0, own = 0;  // own: memory that is not a file's
};
OfProcess process(int pid) {
  OfProcess out;
  if (pid == 0) return out;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string word, all((std::istreambuf_iterator<char>(file)), {});
  all.erase(0, all.rfind(')') + 2);
  const auto words = split(all, ' ');
  out.seconds = (std::atof(std::string(words[11]).c_str()) + std::atof(std::string(words[12]).c_str())) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) out.most = std::atof(line.c_str() + 6) / 1024;
    if (line.starts_with("VmRSS:")) out.resident = std::atof(line.c_str() + 6) / 1024;
    if (line.starts_with("RssAnon:")) out.own = std::atof(line.c_str() + 8) / 1024;
  }
  return out;
}

int make(const std::string& folder, std::uint64_t wanted, std::uint64_t from, const std::vector<Template>& templates) {
  std::filesystem::create_directories(folder);
  std::map<std::string, FILE*> files;
  for (std::uint64_t i = from; i < wanted; ++i) {
    const Template& t = templates[i % templates.size()];
    auto& file = files[t.type];
    if (file == nullptr) file = std::fopen((folder + "/" + t.type + ".ndjson").c_str(), "w");
    std::string text = copy_of(t, i / templates.size());
    for (char& c : text)
      if (c == '\n' || c == '\r') c = ' ';  // between values only: within strings JSON escapes them
    text += '\n';
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) return std::perror("write"), 1;
  }
  for (auto& [type, file] : files) std::fclose(file);
  std::printf("{\"resources\": %llu, \"copies\": %llu}\n", static_cast<unsigned long long>(wanted), static_cast<unsigned long long>(std::max<std::uint64_t>(1, wanted / templates.size())));
  return 0;
}

struct Phase {
  double seconds = 60, warm = 30;
  int clients = 64, pid = 0;
};

void run_kind(const std::string& kind, const Drawer& drawer, std::uint16_t port, const Phase& phase) {
  const auto [seconds, warm, clients, pid] = phase;
  const std::uint64_t run = kind == "create" ? static_cast<std::uint64_t>(now() * 1e6) : 1;  // a create is new in every run
  std::vector<Peer> peers(static_cast<std::size_t>(clients));
  const int poll = epoll_create1(0);
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    peers[i].socket = connect_to(port);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(poll, EPOLL_CTL_ADD, peers[i].socket, &event);
  }
  for (Peer& peer : peers) peer.asked = drawer.draw(kind, n++, run), ask(peer);
  std::vector<float> times;
  const double begin = now();
  double measured_from = begin, own_from = 0;
  OfProcess server_from;
  bool is_measuring = false;
  std::vector<epoll_event> events(256);
  for (bool going = true; going;) {
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) {
      Peer& peer = peers[events[static_cast<std::size_t>(i)].data.u64];
      if (!hear(peer)) continue;
      const double at = now();
      check(peer);
      if (is_measuring) times.push_back(static_cast<float>(at - peer.sent));
      peer.asked = drawer.draw(kind, n++, run);
      ask(peer);
    }
    const double at = now();
    if (!is_measuring && at - begin >= warm) is_measuring = true, measured_from = at, own_from = processor_seconds(), server_from = process(pid);
    if (is_measuring && at - measured_from >= seconds) going = false;
  }
  const double took = now() - measured_from, own = processor_seconds() - own_from;
  const OfProcess server = process(pid);
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) { return times.empty() ? 0.0 : 1e3 * static_cast<double>(times[std::min(times.size() - 1, static_cast<std::size_t>(part * static_cast<double>(times.size())))]); };
  double load = 0;
  getloadavg(&load, 1);
  std::printf("{\"kind\": \"%s\", \"clients\": %d, \"requests\": %zu, \"seconds\": %.2f, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.1f, "
              "\"generator_cpu_s\": %.2f, \"server_cpu_s\": %.2f, \"server_resident_mib\": %.0f, \"server_most_mib\": %.0f, \"server_own_mib\": %.0f, \"load_average\": %.2f}\n",
              kind.c_str(), clients, times.size(), took, static_cast<double>(times.size()) / took, at(0.5), at(0.99), at(1), own, server.seconds - server_from.seconds, server.resident, server.most, server.own, load);
  std::fflush(stdout);
  for (const Peer& peer : peers) ::close(peer.socket);
  ::close(poll);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("fhir_load_benchmark KIND PORT COPIES [SECONDS] [WARM] [CLIENTS] [PID] [BASE], or make FOLDER RESOURCES\n", stderr), 2;
  const std::string kind = argv[1], folder = fhir::shared_data("fhir/synthea");
  if (!std::filesystem::exists(folder)) return std::fputs("The Synthea bundles are not beside the source tree; nothing was measured.\n", stderr), 1;
  auto templates = fhir::load_templates(folder);
  // A smaller set than the whole, for a slow peer: the first so many of its resources.
  if (const char* first = std::getenv("JOINEDUP_BENCH_SET")) templates.resize(std::min(templates.size(), static_cast<std::size_t>(std::atoll(first))));
  if (kind == "targets" && argc > 4) {
    const Drawer drawer(std::move(templates), static_cast<std::uint64_t>(std::atoll(argv[3])), "");
    for (const auto one : split(argv[2], ','))
      for (int i = 0; i < std::atoi(argv[4]); ++i) {
        const auto text = drawer.draw(std::string(one), static_cast<std::uint64_t>(i), 2).text;
        std::printf("%s %s\n", std::string(one).c_str(), text.substr(4, text.find(' ', 4) - 4).c_str());
      }
    return 0;
  }
  if (kind == "make") return make(argv[2], static_cast<std::uint64_t>(std::atoll(argv[3])), argc > 4 ? static_cast<std::uint64_t>(std::atoll(argv[4])) : 0, templates);
  const auto number = [&](int at, double otherwise) { return argc > at ? std::atof(argv[at]) : otherwise; };
  const double seconds = number(4, 60), warm = number(5, 30);
  const int clients = static_cast<int>(number(6, 64)), pid = static_cast<int>(number(7, 0));
  const Drawer drawer(std::move(templates), static_cast<std::uint64_t>(std::atoll(argv[3])), argc > 8 ? argv[8] : "/fhir");

  for (const auto one : split(kind, ',')) run_kind(std::string(one), drawer, static_cast<std::uint16_t>(std::atoi(argv[2])), {seconds, warm, clients, pid});
  return 0;
}
