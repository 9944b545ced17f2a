// Which charts a search finds: all words in any order, or a /regular expression/.

// {matches: a function of texts} or {error: why the pattern means nothing}.
export function searched(text) {
  const wanted = text.trim();
  return wanted.startsWith("/") ? pattern(wanted) : words(wanted);
}

function words(wanted) {
  const parts = wanted.toLowerCase().split(/\s+/);
  return {
    matches: (texts) => {
      const all = texts.join("\n").toLowerCase();
      return parts.every((part) => all.includes(part));
    },
  };
}

function pattern(wanted) {
  const end = wanted.lastIndexOf("/");
  if (end === 0) return { error: "End the pattern with another /, as in /loss$/" };
  try {
    const expression = new RegExp(wanted.slice(1, end), wanted.slice(end + 1).replaceAll("g", ""));
    return { matches: (texts) => texts.some((text) => expression.test(text)) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { error: error.message };
  }
}
