package io.compresso.evaluate;

/**
 * A model's latency held against its parent's: both run in turns in the same runtime, so that what
 * disturbs one disturbs the other.
 *
 * @param runtime where they ran, with its version
 * @param batch samples in each run
 * @param threads that a run may use
 * @param spinning whether the runtime's idle threads spin
 * @param pairs runs of each
 * @param ratio parent / child; above 1 when the child is faster
 */
public record Latency(
    String runtime,
    long batch,
    int threads,
    boolean spinning,
    int pairs,
    Percentiles parent,
    Percentiles child,
    Ratio ratio) {}
