package io.compresso.web.problem;

import io.swagger.v3.oas.annotations.Hidden;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;

/** Answers what the container itself refuses with the same problems as the controllers. */
@Controller
@Hidden
public class ProblemErrorController implements ErrorController {
  @RequestMapping("/error")
  ResponseEntity<ApiProblem> error(HttpServletRequest request) {
    Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    Object path = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
    ProblemCode code = ProblemCode.ofStatus(status instanceof Integer known ? known : 404);
    ApiProblem problem =
        ApiProblem.of(code, code.title())
            .withStatus(status instanceof Integer known ? known : code.status());
    return problem
        .withInstance(path instanceof String uri ? uri : null)
        .response(new HttpHeaders());
  }
}
