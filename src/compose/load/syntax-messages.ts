/** Words the YAML library's errors for people who write Compose files. Pure. */

/** Where quotes and brackets were opened: the library tells what is missing where the text ends. */
export interface Opened {
  readonly lastQuote: number | undefined;
  readonly openBrackets: readonly number[];
}

export interface SyntaxProblem {
  readonly text: string;
  readonly hint: string | undefined;
  /** A better place than the library's. */
  readonly begin?: number | undefined;
}

/** What a person should read for an error of the library. */
export function explainSyntax(code: string, message: string, { lastQuote, openBrackets }: Opened): SyntaxProblem {
  const plain = message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "");
  switch (code) {
    case "TAB_AS_INDENT":
      return { text: "Tabs cannot indent YAML", hint: "Use spaces" };
    case "BLOCK_AS_IMPLICIT_KEY":
      return {
        text: 'Another "key:" begins inside this value',
        hint: "Align the key below with its siblings, or quote a value that contains ': '",
      };
    case "MULTILINE_IMPLICIT_KEY":
      return {
        text: "This line is not a key, and the next one is",
        hint: "Write KEY: and its value; is a ':' missing?",
      };
    case "MISSING_CHAR":
      if (message.includes("quote")) return { text: "A quote is not closed", hint: "It begins here", begin: lastQuote };
      if (openBrackets.length > 0) return openBracket(openBrackets);
      return message.startsWith("Implicit map keys") ? missingColon : { text: plain, hint: undefined };
    case "BAD_INDENT":
      if (openBrackets.length > 0 && /^Flow /.test(message)) return openBracket(openBrackets);
      return { text: plain, hint: "Align it with its siblings" };
    case "BAD_SCALAR_START":
      return { text: plain, hint: "Quote the value" };
    default:
      return { text: plain, hint: /same column|indent/i.test(message) ? "Align it with its siblings" : undefined };
  }
}

const missingColon: SyntaxProblem = {
  text: 'A key ends in ":", and this line has none',
  hint: "Write KEY: and its value",
};

function openBracket(openBrackets: readonly number[]): SyntaxProblem {
  return { text: "A bracket is not closed", hint: "It is opened here", begin: openBrackets.at(-1) };
}
