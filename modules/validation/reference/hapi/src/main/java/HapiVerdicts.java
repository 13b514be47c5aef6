import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/** Reads {name, kind, path, resource} a line; writes name, kind, path and HAPI's errors a line, tab-separated. */
public class HapiVerdicts {
  public static void main(String[] args) throws Exception {
    FhirContext context = FhirContext.forR4();
    ValidationSupportChain chain = new ValidationSupportChain(new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context), new InMemoryTerminologyServerValidationSupport(context));
    FhirInstanceValidator instance = new FhirInstanceValidator(chain);
    instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    instance.setAnyExtensionsAllowed(true);
    instance.setErrorForUnknownProfiles(false);
    FhirValidator validator = context.newValidator();
    validator.registerValidatorModule(instance);
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null;) {
      JsonObject one = JsonParser.parseString(line).getAsJsonObject();
      StringBuilder errors = new StringBuilder();
      try {
        validator.validateWithResult(one.get("resource").toString()).getMessages().stream()
            .filter(m -> m.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0)
            .limit(4)
            .forEach(m -> errors.append(m.getLocationString()).append(": ").append(m.getMessage()).append("; "));
      } catch (Exception e) {
        errors.append("exception: ").append(e.getMessage());
      }
      out.println(one.get("name").getAsString() + "\t" + one.get("kind").getAsString() + "\t" + one.get("path").getAsString() + "\t"
          + errors.toString().replaceAll("[\\s]+", " "));
      out.flush();
    }
  }
}
