// Between places on the x axis and shares of its length, on a linear or a logarithmic axis.

export function across([low, high], isLog) {
  const [from, to] = isLog ? [Math.log10(low), Math.log10(high)] : [low, high];
  return {
    isLog,
    ends: [low, high],
    range: [from, to],
    share: (x) => ((isLog ? Math.log10(x) : x) - from) / (to - from),
    at: (share) => (isLog ? 10 ** (from + share * (to - from)) : from + share * (to - from)),
  };
}
