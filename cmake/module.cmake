# sigward_module(FOLDER SOURCES ... [DEPS module ...] [LIBS library ...])
#
# Makes the static library of one folder (plugin/gate becomes target plugin_gate). Its headers are
# reached only through a staged include root that holds a link to this one folder, so a header of a
# module that is not among DEPS cannot be included: the layering is a compile error, not a rule.
function(sigward_module folder)
  cmake_parse_arguments(M "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  sigward_stage(${folder} root)
  if(M_SOURCES)
    add_library(${name} STATIC ${M_SOURCES})
    target_include_directories(${name} PUBLIC ${root})
    target_link_libraries(${name} PUBLIC ${M_DEPS} PRIVATE sigward_flags ${M_LIBS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${root})
    target_link_libraries(${name} INTERFACE ${M_DEPS} ${M_LIBS})
  endif()
endfunction()

# Stages FOLDER under an include root of its own and returns that root in OUT.
function(sigward_stage folder out)
  string(REPLACE "/" "_" name ${folder})
  set(root ${CMAKE_BINARY_DIR}/inc/${name})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(NOT EXISTS ${root}/${folder})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  endif()
  set(${out} ${root} PARENT_SCOPE)
endfunction()

# sigward_program(NAME SOURCES ... DEPS ... [LIBS ...]): an executable in bin/.
function(sigward_program name)
  cmake_parse_arguments(P "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  target_link_libraries(${name} PRIVATE ${P_DEPS} sigward_flags ${P_LIBS})
endfunction()
