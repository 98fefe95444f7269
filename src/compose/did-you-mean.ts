/** The nearest known word, for hints in Compose files. Pure. */
export { didYouMean, editDistance, nearestWord } from "../base/did-you-mean.js";
