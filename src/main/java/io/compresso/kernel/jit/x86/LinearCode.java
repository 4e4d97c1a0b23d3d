package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.LinearProgram;
import io.compresso.kernel.nhwc.LinearProgram.Step;
import io.compresso.kernel.nhwc.LinearProgram.Term;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Emits {@link LinearProgram}s over vectors. Factors of floats are kept in registers where there
 * are many, or else in memory; those of integers are sums of shifts.
 */
final class LinearCode {
  private static final int VECTOR_BYTES = 64;
  private static final int VECTOR_FLOATS = VECTOR_BYTES / Float.BYTES;
  private static final Map<List<Float>, MemorySegment> TABLES = new ConcurrentHashMap<>();

  private final ElementAssembler a;
  private final VectorSet set;
  private final Elements elements;
  private final Gpr address;
  private final List<Float> factors;
  private final int firstFactor;

  /** What vectors are of; integers are computed modulo their size. */
  enum Elements {
    FLOATS,
    /** Integers of 16 bits. */
    WORDS,
    /** Integers of 32 bits. */
    INTS
  }

  /** Where the elements of a program's vectors come from and go to. */
  interface Values {
    /** Loads an input. */
    void load(Vec target, int input);

    /** The register in which an output must be, or null for any. */
    default @Nullable Vec register(int output) {
      return null;
    }

    /** Takes an output that is not 0. */
    void result(int output, Vec value);
  }

  /**
   * @param address a register for the address of the factors, unless they are in registers
   * @param programs all programs that will be emitted
   * @param top the first of the registers that are not free for factors
   */
  LinearCode(
      ElementAssembler a, VectorSet set, Gpr address, List<LinearProgram> programs, int top) {
    this(a, set, Elements.FLOATS, address, programs, top);
  }

  private LinearCode(
      ElementAssembler a,
      VectorSet set,
      Elements elements,
      Gpr address,
      List<LinearProgram> programs,
      int top) {
    this.a = a;
    this.set = set;
    this.elements = elements;
    this.address = address;
    this.factors =
        programs.stream()
            .flatMap(program -> program.steps().stream())
            .flatMap(step -> step.terms().stream())
            .map(term -> (float) term.factor())
            .filter(factor -> factor != 1)
            .distinct()
            .toList();
    this.firstFactor = top - factors.size();
  }

  /** Of integers, whose factors need no registers. */
  static LinearCode ofIntegers(ElementAssembler a, VectorSet set, Elements elements) {
    return new LinearCode(a, set, elements, Gpr.RAX, List.of(), 0);
  }

  private boolean hasFactorRegisters() {
    return set == VectorSet.AVX512;
  }

  /** Loads the factors, before any program; {@link Gpr#RAX} is free again then on AVX-512. */
  void loadFactors() {
    if (factors.isEmpty()) {
      return;
    }
    a.mov(address, TABLES.computeIfAbsent(factors, LinearCode::table).address());
    if (hasFactorRegisters()) {
      for (int i = 0; i < factors.size(); i++) {
        a.vmovups(set.register(firstFactor + i), Mem.at(address, (long) i * VECTOR_BYTES));
      }
    }
  }

  private static MemorySegment table(List<Float> factors) {
    MemorySegment table =
        Arena.global().allocate((long) factors.size() * VECTOR_BYTES, VECTOR_BYTES);
    for (int i = 0; i < factors.size() * VECTOR_FLOATS; i++) {
      table.setAtIndex(ValueLayout.JAVA_FLOAT, i, factors.get(i / VECTOR_FLOATS));
    }
    return table;
  }

  /**
   * Emits a program.
   *
   * @param free registers that it may use
   */
  void emit(LinearProgram program, List<Vec> free, Values values) {
    new Emission(program, free, values).emit();
  }

  private final class Emission {
    private final LinearProgram program;
    private final Values values;
    private final Deque<Vec> free;
    private final Vec[] registers;
    private final int[] uses;

    Emission(LinearProgram program, List<Vec> free, Values values) {
      this.program = program;
      this.values = values;
      this.free = new ArrayDeque<>(free);
      int count = program.inputs() + program.steps().size();
      this.registers = new Vec[count];
      this.uses = new int[count];
      for (Step step : program.steps()) {
        step.terms().forEach(term -> uses[term.value()]++);
      }
    }

    void emit() {
      for (int i = 0; i < program.steps().size(); i++) {
        int value = program.inputs() + i;
        Step step = program.steps().get(i);
        step.terms().forEach(term -> loaded(term.value()));
        int output = program.outputs().indexOf(value);
        Vec wanted = output < 0 ? null : values.register(output);
        Vec target = wanted == null ? free.removeFirst() : wanted;
        sum(target, step.terms());
        registers[value] = target;
        step.terms().forEach(term -> use(term.value()));
        results(value);
        if (uses[value] == 0 && wanted == null) {
          free.addFirst(target);
        }
      }
      for (int input = 0; input < program.inputs(); input++) {
        if (program.outputs().contains(input)) {
          registers[input] = free.getFirst();
          values.load(registers[input], input);
          results(input);
        }
      }
    }

    /** Hands over a value as often as it is an output. */
    private void results(int value) {
      for (int output = program.outputs().size() - 1; output >= 0; output--) {
        if (program.outputs().get(output) == value) {
          Vec wanted = values.register(output);
          if (wanted != null && !wanted.equals(registers[value])) {
            a.vmovaps(wanted, registers[value]);
          }
          values.result(output, wanted == null ? registers[value] : wanted);
        }
      }
    }

    private void loaded(int value) {
      if (registers[value] == null) {
        registers[value] = free.removeFirst();
        values.load(registers[value], value);
      }
    }

    private void use(int value) {
      if (--uses[value] == 0) {
        free.addFirst(registers[value]);
      }
    }

    private void sum(Vec target, List<Term> terms) {
      Vec first = registers[terms.getFirst().value()];
      int done = 1;
      if (elements != Elements.FLOATS) {
        sumOfIntegers(target, terms);
        return;
      }
      if (terms.getFirst().factor() != 1) {
        multiply(target, first, terms.getFirst().factor());
      } else if (Math.abs(terms.get(1).factor()) == 1) {
        addTo(target, first, terms.get(1));
        done = 2;
      } else {
        a.vmovaps(target, first);
      }
      for (Term term : terms.subList(done, terms.size())) {
        addTo(target, target, term);
      }
    }

    private void addTo(Vec target, Vec left, Term term) {
      Vec value = registers[term.value()];
      if (term.factor() == 1) {
        a.vaddps(target, left, value);
      } else if (term.factor() == -1) {
        a.vsubps(target, left, value);
      } else if (hasFactorRegisters()) {
        a.vfmadd231ps(target, value, register(term.factor()));
      } else {
        a.vfmadd231ps(target, value, memory(term.factor()), Modifiers.NONE);
      }
    }

    private void multiply(Vec target, Vec value, double factor) {
      if (hasFactorRegisters()) {
        a.vmulps(target, value, register(factor));
      } else {
        a.vmulps(target, value, memory(factor), Modifiers.NONE);
      }
    }

    private void sumOfIntegers(Vec target, List<Term> terms) {
      Vec sum = null;
      for (Term term : terms) {
        int factor = (int) term.factor();
        Vec value = registers[term.value()];
        for (int rest = Math.abs(factor); rest != 0; rest &= rest - 1) {
          int bits = Integer.numberOfTrailingZeros(rest);
          if (sum == null && factor > 0) {
            sum = bits == 0 ? value : shifted(target, value, bits);
            continue;
          }
          if (sum == null) {
            a.vpxor(target, target, target);
            sum = target;
          }
          Vec part = bits == 0 ? value : shifted(free.getFirst(), value, bits);
          add(target, sum, part, factor < 0);
          sum = target;
        }
      }
    }

    private Vec shifted(Vec target, Vec value, int bits) {
      if (elements == Elements.WORDS) {
        a.vpsllw(target, value, bits);
      } else {
        a.vpslld(target, value, bits);
      }
      return target;
    }

    private void add(Vec target, Vec left, Vec right, boolean subtracts) {
      if (elements == Elements.WORDS && subtracts) {
        a.vpsubw(target, left, right);
      } else if (elements == Elements.WORDS) {
        a.vpaddw(target, left, right);
      } else if (subtracts) {
        a.vpsubd(target, left, right);
      } else {
        a.vpaddd(target, left, right);
      }
    }
  }

  private Vec register(double factor) {
    return set.register(firstFactor + factors.indexOf((float) factor));
  }

  private Mem memory(double factor) {
    return Mem.at(address, (long) factors.indexOf((float) factor) * VECTOR_BYTES);
  }
}
