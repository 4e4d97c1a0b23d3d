package io.compresso.technique;

/**
 * What there is to say of one parameter of a technique.
 *
 * @param path its name, with those of the objects around it, as in {@code weights.bits}
 * @param type {@code text}, {@code choice}, {@code boolean}, {@code integer}, {@code number} or a
 *     list of these
 * @param allowed the range or the choices, empty when anything goes
 * @param byDefault the default, empty when there is none
 * @param description one sentence
 */
public record ParamDoc(
    String path, String type, String allowed, String byDefault, String description) {}
