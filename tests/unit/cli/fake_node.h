#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "temp_folder.h"

namespace sigward::cli {

/// The files of a node below a folder of the test's own: /proc, units, sigward's programs.
class FakeNode {
 public:
  FakeNode() { AddProcess("self", {"self"}, ""); }

  const std::string& root() const { return folder_.path(); }

  std::string Path(const std::string& path) const { return folder_.path() + path; }

  void Write(const std::string& path, const std::string& text, mode_t mode = 0644) const {
    std::filesystem::create_directories(std::filesystem::path(Path(path)).parent_path());
    std::ofstream(Path(path)) << text;
    (void)chmod(Path(path).c_str(), mode);
  }

  void Link(const std::string& target, const std::string& path) const {
    std::filesystem::create_directories(std::filesystem::path(Path(path)).parent_path());
    std::filesystem::create_symlink(target, Path(path));
  }

  /// sigward-runtime as runc and crun, and the image verifier in its bin_dir.
  void InstallSigward() const {
    for (const char* name : {"sigward-runtime", "sigward-image-verifier"}) {
      Write(std::string("/usr/lib/sigward/") + name, "#!/bin/sh\n", 0755);
    }
    Link("../sigward-runtime", "/usr/lib/sigward/runtime/runc");
    Link("../sigward-runtime", "/usr/lib/sigward/runtime/crun");
    Link("../sigward-image-verifier", "/usr/lib/sigward/image-verifier/sigward");
  }

  /// A process in the mount namespace MOUNTS; PROGRAM is what its exe is.
  void AddProcess(const std::string& pid, const std::vector<std::string>& arguments,
                  const std::string& environment, const std::string& mounts = "mnt:[1]",
                  const std::string& program = "/bin/true") const {
    std::string line;
    for (const std::string& argument : arguments) {
      line += argument + std::string(1, '\0');
    }
    Write("/proc/" + pid + "/cmdline", line);
    Write("/proc/" + pid + "/environ", environment);
    Link(mounts, "/proc/" + pid + "/ns/mnt");
    Link("pid:[1]", "/proc/" + pid + "/ns/pid");
    Link(program, "/proc/" + pid + "/exe");
  }

  /// A containerd whose `config dump` prints CONFIG.
  void AddContainerd(const std::string& pid, const std::string& path, const std::string& config,
                     const std::string& version = "2.1.9") const {
    const std::string program = "/fake/containerd-" + pid;
    Write(program,
          "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'containerd x " + version +
              "'; exit; }\n[ \"$*\" = '--config /etc/c.toml config dump' ] && exec cat <<'END'\n" +
              config + "\nEND\n",
          0755);
    AddProcess(pid, {"/usr/bin/containerd", "--config", "/etc/c.toml"},
               std::string("A=b\0PATH=", 9) + path +
                   std::string("\0SIGWARD_GATE_SOCKET=/run/g.sock\0", 33),
               "mnt:[1]", Path(program));
  }

  std::string Read(const std::string& path) const {
    std::ifstream file(Path(path));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  testing::TempFolder folder_;
};

}  // namespace sigward::cli
