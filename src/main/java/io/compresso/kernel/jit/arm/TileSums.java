package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.arm.Vec.Shape;
import io.compresso.kernel.nhwc.TileShape;

/**
 * The sums of a tile: the part of {@link TileCode} that multiplies and adds.
 *
 * <p>Registers: sums, one of each pixel's values, filters and values in between. Between {@link
 * #initialise} and {@link #finish} the sums of matrix products are blocks of 2 x 2, of two pixels
 * and two channels, and those of widened ones lie in two registers.
 *
 * @param products how elements are multiplied
 * @param shape the tiles
 * @param pixels pixels of the tile
 */
record TileSums(TileProducts products, TileShape shape, int pixels) {
  /** The sums of a pixel and a vector of channels. */
  Vec sum(int pixel, int vector) {
    return register(pixel * shape.vectors() + vector);
  }

  private Vec upperSum(int pixel, int vector) {
    return register((pixelsInRegisters() + pixel) * shape.vectors() + vector);
  }

  /** Pixels that have registers: an even number for matrix products. */
  private int pixelsInRegisters() {
    return products.isMatrix() ? pixels + pixels % 2 : pixels;
  }

  private Vec value(int pixel) {
    int sums = pixelsInRegisters() * shape.vectors() * products.sumRegisters();
    return register(sums + pixel);
  }

  /** A register that holds neither sums nor values of pixels. */
  private Vec other(int index) {
    return value(pixelsInRegisters() + index);
  }

  /** A register that is free once the sums are finished; there are at least four. */
  Vec free(int index) {
    return register(pixelsInRegisters() * shape.vectors() + index);
  }

  private static Vec register(int place) {
    return Vec.s4(Registers.number(place));
  }

  /** Begins the sums with the channels' constants. */
  void initialise(Assembler a) {
    for (int j = 0; j < shape.vectors(); j++) {
      Mem start = Mem.at(TileCode.CONSTANTS, j * TileShape.CONSTANT_VECTORS * TileCode.BYTES);
      if (products.isMatrix()) {
        Vec both = other(0);
        a.ldr(both.as(Shape.Q), start);
        for (int pixel = 0; pixel < pixelsInRegisters(); pixel++) {
          a.dup(sum(pixel, j).as(Shape.D2), both.as(Shape.D2).at(pixel % 2));
        }
        continue;
      }
      for (int pixel = 0; pixel < pixels; pixel++) {
        if (products == TileProducts.WIDENED) {
          a.clear(sum(pixel, j));
          a.clear(upperSum(pixel, j));
        } else if (pixel == 0) {
          a.ldr(sum(0, j).as(Shape.Q), start);
        } else {
          a.mov(sum(pixel, j), sum(0, j));
        }
      }
    }
  }

  /** Brings the sums into {@link #sum}. */
  void finish(Assembler a) {
    for (int j = 0; j < shape.vectors(); j++) {
      if (products.isMatrix()) {
        for (int pixel = 0; pixel < pixelsInRegisters(); pixel += 2) {
          Vec lower = sum(pixel, j).as(Shape.D2);
          Vec upper = sum(pixel + 1, j).as(Shape.D2);
          Vec copy = other(0).as(Shape.D2);
          a.mov(copy.as(Shape.B16), lower.as(Shape.B16));
          a.zip1(lower, copy, upper);
          a.zip2(upper, copy, upper);
        }
      } else if (products == TileProducts.WIDENED) {
        int start = j * TileShape.CONSTANT_VECTORS * TileCode.BYTES;
        a.ldr(other(0).as(Shape.Q), Mem.at(TileCode.CONSTANTS, start));
        for (int pixel = 0; pixel < pixels; pixel++) {
          a.addp(sum(pixel, j), sum(pixel, j), upperSum(pixel, j));
          a.add(sum(pixel, j), sum(pixel, j), other(0));
        }
      }
    }
  }

  /**
   * Adds the products of a step with a vector of channels of each pixel, and moves the pixels'
   * addresses on.
   */
  void addChannels(Assembler a, Reg filters) {
    for (int j = 0; j < shape.vectors(); j++) {
      loadFilter(a, other(0), filters, 0, 0, j);
      if (products == TileProducts.DEPTHWISE_BYTES) {
        a.xtn(other(0).as(Shape.H4), other(0));
      }
      for (int pixel = 0; pixel < pixels; pixel++) {
        Vec value = value(pixel);
        int at = 4 * j * shape.arithmetic().elementBytes();
        if (products == TileProducts.DEPTHWISE_BYTES) {
          a.ldr(value.as(Shape.S), Mem.at(TileCode.pointer(pixel), at));
          a.uxtl(value.as(Shape.H8), value.as(Shape.B8));
          a.smlal(sum(pixel, j), value.as(Shape.H4), other(0).as(Shape.H4));
        } else {
          a.ldr(value.as(Shape.Q), Mem.at(TileCode.pointer(pixel), at));
          a.fmla(sum(pixel, j), value, other(0));
        }
      }
    }
    for (int pixel = 0; pixel < pixels; pixel++) {
      Reg pointer = TileCode.pointer(pixel);
      a.add(pointer, pointer, shape.window().stepBytes(), TileCode.SCRATCH);
    }
  }

  /**
   * Adds the products of some steps and moves the pixels' addresses on.
   *
   * @param filters the address of the first step's filters
   * @param steps 1, 2 or 4
   */
  void add(Assembler a, Reg filters, int steps) {
    for (int pixel = 0; pixel < pixels; pixel++) {
      Shape width = steps == 4 ? Shape.Q : steps == 2 ? Shape.D : Shape.S;
      a.ldrPost(value(pixel).as(width), TileCode.pointer(pixel), 4 * steps);
    }
    if (products.isMatrix()) {
      pair(a, steps);
      for (int step = 0; step < steps; step += 2) {
        addMatrices(a, filters, step, Math.min(2, steps - step));
      }
      return;
    }
    for (int step = 0; step < steps; step++) {
      for (int part = 0; part < shape.parts(); part++) {
        for (int j = 0; j < shape.vectors(); j++) {
          loadFilter(a, other(j), filters, step, part, j);
        }
        for (int pixel = 0; pixel < pixels; pixel++) {
          multiply(a, pixel, value(pixel).at(step));
        }
      }
    }
  }

  private void loadFilter(Assembler a, Vec target, Reg filters, int step, int part, int vector) {
    int at = ((step * shape.parts() + part) * shape.vectors() + vector) * TileCode.BYTES;
    a.ldr(target.as(Shape.Q), Mem.at(filters, at));
  }

  private void multiply(Assembler a, int pixel, Vec.Element value) {
    Vec four = other(shape.vectors());
    if (products == TileProducts.WIDENED) {
      a.dup(four, value);
    }
    for (int j = 0; j < shape.vectors(); j++) {
      switch (products) {
        case FLOATS -> a.fmla(sum(pixel, j), other(j), value);
        case DOT -> a.sdot(sum(pixel, j), other(j), value);
        default -> {
          Vec lower = other(shape.vectors() + 1).as(Shape.H8);
          Vec upper = other(shape.vectors() + 2).as(Shape.H8);
          a.smull(lower, other(j).as(Shape.B8), four.as(Shape.B8));
          a.smull2(upper, other(j).as(Shape.B16), four.as(Shape.B16));
          a.sadalp(sum(pixel, j), lower);
          a.sadalp(upperSum(pixel, j), upper);
        }
      }
    }
  }

  /** Puts eight bytes of each of two pixels into one register. */
  private void pair(Assembler a, int steps) {
    for (int pixel = 0; pixel < pixels; pixel += 2) {
      Vec first = value(pixel).as(Shape.D2);
      Vec second = value(pixel + 1).as(Shape.D2);
      Vec right = pixel + 1 < pixels ? second : first;
      Vec copy = other(0).as(Shape.D2);
      a.mov(copy.as(Shape.B16), first.as(Shape.B16));
      if (steps == 4) {
        a.mov(other(1).as(Shape.B16), right.as(Shape.B16));
        a.zip2(second, copy, other(1).as(Shape.D2));
        a.zip1(first, copy, other(1).as(Shape.D2));
      } else {
        a.zip1(first, copy, right);
      }
    }
  }

  private void addMatrices(Assembler a, Reg filters, int step, int steps) {
    for (int part = 0; part < shape.parts(); part++) {
      for (int j = 0; j < shape.vectors(); j++) {
        loadFilter(a, other(0), filters, step, part, j);
        if (steps == 2) {
          loadFilter(a, other(1), filters, step + 1, part, j);
        } else {
          a.clear(other(1));
        }
        a.zip1(other(2), other(0), other(1));
        a.zip2(other(3), other(0), other(1));
        for (int pixel = 0; pixel < pixels; pixel += 2) {
          Vec values = value(pixel + (step >= 2 ? 1 : 0));
          multiplyMatrix(a, sum(pixel, j), values, other(2));
          multiplyMatrix(a, sum(pixel + 1, j), values, other(3));
        }
      }
    }
  }

  private void multiplyMatrix(Assembler a, Vec sum, Vec values, Vec filter) {
    switch (products) {
      case UNSIGNED_MATRIX -> a.usmmla(sum, values, filter);
      case BFLOAT_MATRIX -> a.bfmmla(sum, values, filter);
      default -> a.smmla(sum, values, filter);
    }
  }
}
