package io.compresso.technique;

import java.util.List;

/** A pipeline by name. */
public record Preset(String name, String description, List<JobSpec.Step> pipeline) {}
