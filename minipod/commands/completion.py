"""`minipod completion SHELL`: the script by which a shell completes minipod's words. The scripts know no word
themselves: they ask `minipod complete` at each TAB. They must never define a name that another program might have."""

import sys

from minipod.errors import UsageError
from minipod.options import only_operand, sort_words

USAGE = """minipod completion bash|zsh|fish

Print the script by which this shell completes words, options, files and the names of units that run.
  bash: source <(minipod completion bash)         in ~/.bashrc
  zsh:  source <(minipod completion zsh)          in ~/.zshrc, behind compinit
  fish: minipod completion fish | source          in ~/.config/fish/config.fish
Exit code: 0; 64 for a mistake on the command line.
"""
# A line that is a lone slash stands for files.
SCRIPTS = {
    "bash": r"""
_minipod_complete() {
    local found
    COMPREPLY=()
    while IFS= read -r found; do
        if [[ $found == / ]]; then
            compopt -o default 2>/dev/null
        else
            COMPREPLY+=("$found")
        fi
    done < <("$1" complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _minipod_complete minipod
""",
    "zsh": r"""
_minipod_complete() {
    local found files
    local -a every
    while IFS= read -r found; do
        if [[ $found == / ]]; then
            files=1
        else
            every+=("$found")
        fi
    done < <("${words[1]}" complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#every )) && _describe -V minipod every
    [[ -n $files ]] && _files
}
compdef _minipod_complete minipod
""",
    "fish": r"""
function __minipod_complete
    set -l words (commandline -opc)
    set -l command $words[1]
    set -e words[1]
    for found in (command $command complete fish $words (commandline -ct) 2>/dev/null)
        if test "$found" = /
            __fish_complete_path (commandline -ct)
        else
            echo $found
        end
    end
end
complete -c minipod -f -a '(__minipod_complete)'
""",
}


def run(words: list[str]) -> int:
    """0; UsageError if there is no such shell."""
    found = sort_words(words, flags=("-h", "--help"))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    shell = only_operand(found, "a shell: bash, zsh or fish")
    if shell not in SCRIPTS:
        raise UsageError(f"there is no script for {shell}; take {', '.join(SCRIPTS)}")
    sys.stdout.write(SCRIPTS[shell].lstrip("\n"))
    return 0
