package io.compresso.technique;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a field of a job once: {@link RecordBinder} validates by it, and the JSON schema, the
 * documentation and the dashboard's form are made from it.
 *
 * <p>A field without {@link #byDefault} is required, unless its type is a record (then bound from
 * an empty object), a list (then empty), or {@code @Nullable} (then null).
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Param {
  /** What it means, in one sentence. */
  String value();

  /** The default as text; {@link #NONE} when there is none. */
  String byDefault() default NONE;

  /** The smallest number allowed. */
  double min() default Double.NEGATIVE_INFINITY;

  /** The largest number allowed. */
  double max() default Double.POSITIVE_INFINITY;

  /** The only values allowed, as text; any when empty. */
  String[] oneOf() default {};

  /** Whether a plain value given for the enclosing record stands for this field. */
  boolean shorthand() default false;

  /** No default. */
  String NONE = "\0";
}
