package io.compresso.kernel.jit.x86;

/** The tile registers of AMX. */
enum Tile {
  TMM0,
  TMM1,
  TMM2,
  TMM3,
  TMM4,
  TMM5,
  TMM6,
  TMM7
}
