package io.compresso.web.api;

import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How long a page of a list of resources may be, for the OpenAPI document. */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
@Parameter(
    description = "Most items of a page",
    schema =
        @Schema(
            type = "integer",
            format = "int32",
            minimum = "1",
            maximum = "200",
            defaultValue = "50"))
@interface PageLimit {}
