/**
 * Techniques that compress a model, the catalogue that lists them, and the pipeline that runs a
 * job:
 *
 * <pre>{@code
 * JobSpec spec = JobSpec.of("quantize", Map.of("mode", "static"));
 * Pipeline.Result result =
 *     Pipeline.run(modelFile, new JobData(null, calibration, evaluation), spec, workFolder, JobHost.LOCAL);
 * Files.copy(result.model(), output);
 * System.out.println(result.report().markdown());
 * }</pre>
 *
 * <p>A job that came from outside is bound by {@link io.compresso.technique.JobSpec#bind}, and
 * checked as far as it can be without running by {@link io.compresso.technique.Pipeline#validate}.
 */
@NullMarked
package io.compresso.technique;

import org.jspecify.annotations.NullMarked;
