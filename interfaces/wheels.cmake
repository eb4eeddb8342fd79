# The message wheels of PyPI export include paths of the machine that built them (/opt/python/...).
# They do not exist here and stop CMake, so they are taken out of every imported target.
function(drop_missing_include_paths)
  get_property(targets DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(paths ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(paths)
      list(FILTER paths EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${paths}")
    endif()
  endforeach()
endfunction()

cmake_language(DEFER CALL drop_missing_include_paths)
