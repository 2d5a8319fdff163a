#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strict_json.h"
#include "test_key.h"

namespace sigward::testing {

/// An element of `tlogs` or `ctlogs`: trusted from 2026 on, its id the hash of its key.
base::Json LogJson(const TestKey& key, const std::string& details);

/// An element of `certificateAuthorities` or `timestampAuthorities`.
base::Json AuthorityJson(const std::vector<base::ByteView>& certificates);
/// The same of an authority of its own.
base::Json AuthorityJson();

/// A trusted_root.json of version 0.1 with one of each.
base::Json RootJson();

}  // namespace sigward::testing
