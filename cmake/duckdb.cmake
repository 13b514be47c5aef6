# DuckDB as npm ships it: the library from @duckdb/node-bindings-linux-x64, the C header from duckdb (see packages/).
# Both are copied to our own lib folder, so that nothing at run time reaches into node_modules.
set(packages ${CMAKE_SOURCE_DIR}/packages/node_modules)
set(duckdb_library ${packages}/@duckdb/node-bindings-linux-x64/libduckdb.so)
set(duckdb_header ${packages}/duckdb/src/duckdb/src/include/duckdb.h)
if(NOT EXISTS ${duckdb_library} OR NOT EXISTS ${duckdb_header})
  message(FATAL_ERROR "DuckDB is missing below packages/node_modules: run ./run build, which fetches it by the lockfile.")
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib ${CMAKE_BINARY_DIR}/include/duckdb)
configure_file(${duckdb_library} ${CMAKE_BINARY_DIR}/lib/libduckdb.so COPYONLY)
configure_file(${duckdb_header} ${CMAKE_BINARY_DIR}/include/duckdb/duckdb.h COPYONLY)
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/lib/libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/include/duckdb)
