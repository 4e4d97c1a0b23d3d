package io.compresso.technique;

import java.util.List;

/**
 * What can be said of a job before it runs.
 *
 * @param problems what would make it fail; it may run only when there are none
 * @param warnings what will be other than one might expect
 * @param estimatedBytes of the resulting file
 * @param estimatedMinutes on this machine, roughly
 */
public record DryRun(
    List<Problem> problems, List<String> warnings, long estimatedBytes, double estimatedMinutes) {}
