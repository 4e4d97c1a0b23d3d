package io.compresso.compress;

import tools.jackson.databind.JsonNode;

/**
 * A technique of the catalogue.
 *
 * @param schema JSON schema of its parameters
 */
public record TechniqueInfo(String name, String description, JsonNode schema) {}
