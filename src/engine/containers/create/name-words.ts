/** The words that generated container names are made of. Pure. */

export const adjectives: readonly string[] = (
  "able agile airy amber ample apt azure bold brave breezy bright brisk calm candid careful cheerful civil " +
  "clear clever cosy crisp curious daring deft eager early earnest easy exact fair fast fine firm fit fleet " +
  "fond frank free fresh gentle glad golden good grand great hardy hearty honest humble jolly just keen kind " +
  "lasting light lively loyal lucid lucky mellow merry mild mindful neat nimble noble open patient plain " +
  "playful poised polite prime proud quick quiet ready rapid robust rosy sharp silent silver simple sleek smart " +
  "smooth snug solid spry stable steady strong sturdy subtle sunny sure swift tender tidy tough true upbeat " +
  "vast vivid warm wise witty worthy zesty"
).split(" ");

export const surnames: readonly string[] = (
  "abel ampere archimedes babbage banach bell bernoulli boole bose brahe brunel cantor cauchy cerf chandra " +
  "church codd conway copernicus curie darwin dijkstra dirac edison einstein engelbart erdos euclid euler " +
  "faraday fermat fermi feynman fibonacci fourier franklin galileo galois gauss germain goedel goodall hamilton " +
  "hawking heisenberg henry hermann hilbert hoare hodgkin hopper hubble huygens hypatia jacobi johnson joule " +
  "kahn kepler khayyam knuth kovalevskaya lagrange lamarr laplace lavoisier leavitt leibniz liskov lovelace " +
  "maxwell mcclintock meitner mendel mendeleev minsky mirzakhani napier nash newton nobel noether ohm pascal " +
  "pasteur payne perlman planck poincare ptolemy pythagoras ramanujan ride riemann ritchie rubin rutherford " +
  "sagan shannon sinoussi stallman tesla thompson torvalds turing vaughan volta wiles wilson wing wozniak wu " +
  "yalow yonath"
).split(" ");
