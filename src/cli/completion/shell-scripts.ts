/** What a shell loads to complete command lines of `gantry`: each asks `gantry __complete`. Pure. */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The script, ending with a line break. */
export function shellScript(shell: Shell): string {
  return { bash, zsh, fish }[shell];
}

// The shell splits words at = and :, so they are put together again, and what the shell takes for done is cut off.
const bash = `# Completion of gantry for bash: source <(gantry completion bash)
_gantry() {
  local -a words=() lines=()
  local i word cur head value
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((\${#words[@]})) && [[ $word == [=:]* || \${words[-1]} == *[=:] ]] &&
      [[ $COMP_LINE == *"\${words[-1]}$word"* ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  cur=\${words[-1]}
  head=\${cur%"\${cur##*[=:]}"}
  mapfile -t lines < <("\${COMP_WORDS[0]/#\\~/$HOME}" __complete -- "\${words[@]}" 2>/dev/null)
  COMPREPLY=()
  case \${lines[0]-} in
    :files | :dirs)
      compopt -o filenames 2>/dev/null
      [[ \${lines[0]} == :dirs ]] && i=-d || i=-f
      mapfile -t COMPREPLY < <(compgen "$i" -- "\${cur#"$head"}")
      ;;
    *)
      for word in "\${lines[@]:1}"; do
        value=\${word%%$'\\t'*}
        COMPREPLY+=("\${value#"$head"}")
      done
      [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
      ;;
  esac
  return 0
}
complete -F _gantry gantry
`;

const zsh = `#compdef gantry
# Completion of gantry for zsh: source <(gantry completion zsh), or this as the file _gantry in a folder of fpath
_gantry() {
  local -a lines described
  local line value
  lines=("\${(@f)$("\${(Q)words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  case $lines[1] in
    :files | :dirs)
      [[ $words[CURRENT] == *=* ]] && compset -P '*='
      [[ $lines[1] == :dirs ]] && _files -/ || _files
      return
      ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    value=\${\${line%%$'\\t'*}//:/\\\\:}
    [[ $line == *$'\\t'* ]] && value+=:\${line#*$'\\t'}
    described+=("$value")
  done
  _describe -t values gantry described
}
if [[ $funcstack[1] == _gantry ]]; then
  _gantry "$@"
else
  compdef _gantry gantry
fi
`;

const fish = `# Completion of gantry for fish: gantry completion fish | source
function __gantry_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines ($program __complete -- $words "$current" 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path "$current"
        case :dirs
            __fish_complete_directories "$current"
        case '*'
            if test (count $lines) -gt 1
                printf '%s\\n' $lines[2..-1]
            end
    end
end
complete -c gantry -f -a '(__gantry_complete)'
`;
