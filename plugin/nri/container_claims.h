#pragma once

#include <cstddef>

#include "plugin/nri/nri_door.h"

namespace nri::pkg::api::v1alpha1 {
class Container;
class PodSandbox;
}  // namespace nri::pkg::api::v1alpha1

namespace sigward::nri {

/// What the runtime says about a container of POD.
Container ClaimsOf(const ::nri::pkg::api::v1alpha1::PodSandbox& pod,
                   const ::nri::pkg::api::v1alpha1::Container& container);

/// Roughly the memory that it takes, in bytes.
std::size_t SizeOf(const Container& container);

}  // namespace sigward::nri
