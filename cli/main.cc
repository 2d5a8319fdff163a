#include "cli/verbs.h"

int main(int argc, char** argv) {
  return sigward::cli::Run(argc, argv);
}
